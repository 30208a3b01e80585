# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ lib, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/vllm.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 25;

  networking.hostName = "plain";

  nixpkgs.config.allowUnfreePredicate =
    pkg:
    builtins.elem (lib.getName pkg) [
      "nvidia-settings"
      "nvidia-x11"
    ];

  virtualisation.oci-containers.containers.vllm.cmd = lib.mkBefore [
    "serve"
    "Qwen/Qwen2.5-7B-Instruct"
    "--host=127.0.0.1"
    "--port=8001"
  ];

  system.stateVersion = "26.05";
}
