# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/alloy.nix
    ../../modules/base.nix
    ../../modules/fail2ban.nix
    ../../modules/glances.nix
    ../../modules/grafana.nix
    ../../modules/hardening.nix
    ../../modules/loki.nix
    ../../modules/nginx.nix
    ../../modules/node-exporter.nix
    ../../modules/openssh.nix
    ../../modules/prometheus.nix
    ../../modules/tailscale.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "watch";

  system.stateVersion = "26.05";
}
