# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/node-exporter.nix
    ../../modules/openssh.nix
    ../../modules/postgresql.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    domain = "example.org";
    hostName = "db-1";
  };

  time.timeZone = "Etc/UTC";

  users.users = {
    ada = {
      isNormalUser = true;
      openssh.authorizedKeys.keys = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJp0DZx4lfQ3dJ3kR2ZcXlZ1pQ0Zq7o0pT0v7w3cXnKd ops"
      ];
    };
    ops = {
      extraGroups = [
        "networkmanager"
        "wheel"
      ];
      isNormalUser = true;
      openssh.authorizedKeys.keys = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJp0DZx4lfQ3dJ3kR2ZcXlZ1pQ0Zq7o0pT0v7w3cXnKd ops"
      ];
      shell = pkgs.zsh;
    };
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

  programs.zsh.enable = true;

  system.stateVersion = "25.05";
}
