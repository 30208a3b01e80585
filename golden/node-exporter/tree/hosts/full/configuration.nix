# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/node-exporter.nix
    ../../modules/prometheus.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # node-exporter
      9101
    ];
    hostName = "full";
  };

  services.prometheus.exporters.node = {
    enabledCollectors = [
      "cpu"
      "meminfo"
      "textfile"
    ];
    listenAddress = "0.0.0.0";
    port = 9101;
  };

  system.stateVersion = "26.05";
}
