# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/alloy.nix
    ../../modules/base.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "full";

  services.alloy.environmentFile = "/etc/secrets/alloy-env";

  systemd.services.alloy.environment.LOKI_URL = "http://10.0.0.2:3100/loki/api/v1/push";

  system.stateVersion = "26.05";
}
