# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/llama-cpp.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 25;

  networking.hostName = "plain";

  services.llama-cpp = {
    extraFlags = [
      "-hf"
      "ggml-org/gemma-3-4b-it-GGUF"
    ];
    package = pkgs.llama-cpp-rocm;
  };

  system.stateVersion = "26.05";
}
