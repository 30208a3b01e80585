# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/desktop/cosmic.nix
    ../../modules/desktop/hyprland.nix
    ../../modules/desktop/plasma.nix
    ../../modules/desktop/session.nix
    ../../modules/flatpak.nix
    ../../modules/laptop.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 60;

  networking.hostName = "atlas";

  users.users.ada = {
    extraGroups = [
      "networkmanager"
      "wheel"
    ];
    isNormalUser = true;
  };

  services = {
    displayManager = {
      autoLogin.user = "ada";
      defaultSession = "cosmic";
    };
    flatpak-apps = {
      apps = [
        "org.mozilla.firefox"
        "org.videolan.VLC"
      ];
      update = true;
    };
    logind.settings.Login.HandleLidSwitch = "suspend-then-hibernate";
    power-profiles-daemon.enable = false;
    tlp.enable = true;
  };

  system.stateVersion = "26.05";
}
