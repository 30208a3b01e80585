# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/glances.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # glances
      61209
    ];
    hostName = "full";
  };

  services.glances = {
    extraArgs = [
      "--webserver"
      "--disable-check-update"
    ];
    port = 61209;
  };

  system.stateVersion = "26.05";
}
