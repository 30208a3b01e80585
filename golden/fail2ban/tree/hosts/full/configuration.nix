# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/fail2ban.nix
    ../../modules/openssh.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "full";

  services.fail2ban = {
    bantime = "1d";
    bantime-increment.enable = true;
    ignoreIP = [
      "10.0.0.0/8"
      "fd00::/8"
    ];
    maxretry = 5;
  };

  system.stateVersion = "26.05";
}
