# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/ollama.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # ollama
      11435
    ];
    hostName = "full";
  };

  services.ollama = {
    environmentVariables.OLLAMA_CONTEXT_LENGTH = "8192";
    host = "0.0.0.0";
    loadModels = [
      "llama3.2:3b"
      "nomic-embed-text"
    ];
    models = "/srv/models";
    package = pkgs.ollama-vulkan;
    port = 11435;
    rocmOverrideGfx = "10.3.0";
    syncModels = true;
  };

  system.stateVersion = "26.05";
}
