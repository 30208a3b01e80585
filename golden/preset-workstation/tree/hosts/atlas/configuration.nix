# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/bluetooth.nix
    ../../modules/desktop/cosmic.nix
    ../../modules/desktop/session.nix
    ../../modules/flatpak.nix
    ../../modules/fwupd.nix
    ../../modules/hardening.nix
    ../../modules/printing.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  i18n.defaultLocale = "en_US.UTF-8";

  users.users.ada = {
    extraGroups = [
      "networkmanager"
      "wheel"
    ];
    isNormalUser = true;
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada@example.org"
    ];
  };

  services = {
    displayManager.defaultSession = "cosmic";
    flatpak-apps.apps = [
      "com.github.tchx84.Flatseal"
      "io.mpv.Mpv"
      "net.nokyan.Resources"
      "org.gnome.FileRoller"
      "org.mozilla.firefox"
      "org.videolan.VLC"
    ];
  };

  system.stateVersion = "26.05";
}
