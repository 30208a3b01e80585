# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/qdrant.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # qdrant
      6335
      6336
    ];
    hostName = "full";
  };

  services.qdrant.settings.service = {
    grpc_port = 6336;
    host = "0.0.0.0";
    http_port = 6335;
  };

  systemd.services.qdrant.serviceConfig.EnvironmentFile = "/etc/secrets/qdrant-env";

  system.stateVersion = "26.05";
}
