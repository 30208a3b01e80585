# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/typesense.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # typesense
      8118
    ];
    hostName = "full";
  };

  services.typesense.settings.server = {
    api-address = "0.0.0.0";
    api-port = 8118;
  };

  systemd.services.typesense.serviceConfig.LoadCredential = [ "api-key:/etc/secrets/typesense-key" ];

  system.stateVersion = "26.05";
}
