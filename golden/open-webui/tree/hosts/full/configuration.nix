# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ lib, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/ollama.nix
    ../../modules/open-webui.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # open-webui
      8090
    ];
    hostName = "full";
  };

  nixpkgs.config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [ "open-webui" ];

  services.open-webui = {
    environment = {
      ENABLE_RAG_WEB_SEARCH = "True";
      ENABLE_SIGNUP = "True";
      WEBUI_URL = "https://chat.example.org";
    };
    environmentFile = "/etc/secrets/open-webui-env";
    host = "0.0.0.0";
    port = 8090;
  };

  system.stateVersion = "26.05";
}
