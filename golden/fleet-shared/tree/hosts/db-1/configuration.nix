# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/openssh.nix
    ../../modules/postgresql.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "db-1";

  time.timeZone = "Etc/UTC";

  users.users.ops = {
    extraGroups = [
      "networkmanager"
      "wheel"
    ];
    isNormalUser = true;
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJp0DZx4lfQ3dJ3kR2ZcXlZ1pQ0Zq7o0pT0v7w3cXnKd ops"
    ];
  };

  services.postgresql = {
    ensureDatabases = [ "aidb" ];
    ensureUsers = [
      {
        ensureDBOwnership = true;
        name = "aidb";
      }
    ];
  };

  environment.systemPackages = [ pkgs.htop ];

  system.stateVersion = "26.05";
}
