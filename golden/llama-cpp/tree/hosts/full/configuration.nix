# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ lib, pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/llama-cpp.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # llama-cpp
      8092
    ];
    hostName = "full";
  };

  nixpkgs.config.allowUnfreePredicate =
    pkg:
    builtins.elem (lib.getName pkg) [
      "cuda_cccl"
      "cuda_crt"
      "cuda_cudart"
      "cuda_nvcc"
      "libcublas"
      "libnvvm"
    ];

  services.llama-cpp = {
    extraFlags = [
      "--ctx-size"
      "8192"
      "--n-gpu-layers"
      "99"
      "--jinja"
    ];
    host = "0.0.0.0";
    model = "/srv/models/qwen3-8b-q4_k_m.gguf";
    package = pkgs.llama-cpp.override { cudaSupport = true; };
    port = 8092;
  };

  system.stateVersion = "26.05";
}
