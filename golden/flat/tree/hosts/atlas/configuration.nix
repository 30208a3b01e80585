# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/openssh.nix
    ../../modules/tailscale.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  time.timeZone = "Europe/Berlin";

  i18n.defaultLocale = "de_DE.UTF-8";

  console.useXkbConfig = true;

  users.users.ada = {
    description = "Ada Lovelace";
    extraGroups = [
      "networkmanager"
      "wheel"
    ];
    isNormalUser = true;
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJp0DZx4lfQ3dJ3kR2ZcXlZ1pQ0Zq7o0pT0v7w3cXnKd ada@laptop"
    ];
    shell = pkgs.zsh;
  };

  services.xserver.xkb = {
    layout = "de";
    variant = "nodeadkeys";
  };

  programs.zsh.enable = true;

  system.stateVersion = "24.05";
}
