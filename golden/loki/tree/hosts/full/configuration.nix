# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/alloy.nix
    ../../modules/base.nix
    ../../modules/grafana.nix
    ../../modules/loki.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # loki
      3101
      9096
    ];
    hostName = "full";
  };

  services.loki.configuration = {
    limits_config.retention_period = "2160h";
    server = {
      http_listen_address = "0.0.0.0";
      http_listen_port = 3101;
    };
  };

  system.stateVersion = "26.05";
}
