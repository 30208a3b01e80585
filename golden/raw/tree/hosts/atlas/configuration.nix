# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/openssh.nix
    ../../modules/zram.nix
  ];

  boot.kernel.sysctl = {
    "net.core.somaxconn" = 8192;
    "vm.swappiness" = 10;
  };

  zramSwap.memoryPercent = 50;

  networking = {
    hostName = "atlas";
    hosts."10.0.0.1" = [
      "db"
      "db.lan"
    ];
  };

  users.users.ada.isNormalUser = true;

  services = {
    fstrim.enable = true;
    grafana.settings.demo = {
      low = -5;
      numbers = [
        1
        (-2)
        3.5
      ];
      ratio = 0.25;
    };
    openssh = {
      ports = [ 2222 ];
      settings.X11Forwarding = true;
    };
  };

  programs.git.package = pkgs.git;

  environment.systemPackages = [ pkgs.hello ];

  system.stateVersion = "26.05";
}
