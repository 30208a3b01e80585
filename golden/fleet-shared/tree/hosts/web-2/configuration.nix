# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/nginx.nix
    ../../modules/openssh.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # nginx
      80
      443
    ];
    hostName = "web-2";
  };

  time.timeZone = "Etc/UTC";

  users.users = {
    ada.isNormalUser = true;
    ops = {
      extraGroups = [
        "networkmanager"
        "wheel"
      ];
      isNormalUser = true;
      openssh.authorizedKeys.keys = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJp0DZx4lfQ3dJ3kR2ZcXlZ1pQ0Zq7o0pT0v7w3cXnKd ops"
      ];
    };
  };

  services.nginx.defaultListenAddresses = [
    "0.0.0.0"
    "[::0]"
  ];

  system.stateVersion = "26.05";
}
