# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ lib, pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/ollama.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 25;

  networking.hostName = "plain";

  nixpkgs.config.allowUnfreePredicate =
    pkg:
    builtins.elem (lib.getName pkg) [
      "cuda_cccl"
      "cuda_crt"
      "cuda_cudart"
      "cuda_nvcc"
      "libcublas"
      "libnvvm"
      "nvidia-settings"
      "nvidia-x11"
    ];

  services.ollama.package = pkgs.ollama-cuda;

  system.stateVersion = "26.05";
}
