# Shared by every graphical session: sound, fonts, the backend of the network
# applet, and programs that use Wayland when they can.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  # One greeter starts every session: that of the first of these desktops that is installed.
  lib.desktop.greeter = lib.findFirst (name: config.services.desktopManager.${name}.enable) "greetd" [
    "cosmic"
    "gnome"
    "plasma6"
  ];

  # Some desktops in nixpkgs set these with mkDefault.
  networking.networkmanager.enable = lib.mkOverride 900 true;

  security.rtkit.enable = lib.mkOverride 900 true;
  services = {
    # The passphrase window of GnuPG, pinentry-gnome3, talks to it on any desktop.
    dbus.packages = [ pkgs.gcr ];
    pipewire = {
      enable = lib.mkOverride 900 true;
      alsa.enable = lib.mkOverride 900 true;
      alsa.support32Bit = lib.mkOverride 900 true;
      pulse.enable = lib.mkOverride 900 true;
      jack.enable = lib.mkOverride 900 true;
    };
    pulseaudio.enable = lib.mkOverride 900 false;
  };

  xdg.portal.enable = lib.mkOverride 900 true;

  fonts = {
    enableDefaultPackages = lib.mkOverride 900 true;
    packages = [
      pkgs.font-awesome
      pkgs.nerd-fonts.fira-code
      pkgs.nerd-fonts.hack
      pkgs.nerd-fonts.jetbrains-mono
      pkgs.nerd-fonts.meslo-lg
      pkgs.noto-fonts
      pkgs.noto-fonts-cjk-sans
      pkgs.powerline-fonts
    ];
  };

  # For Electron and Chromium, through the wrappers in nixpkgs. Firefox, Qt and SDL detect Wayland.
  environment.sessionVariables.NIXOS_OZONE_WL = lib.mkDefault "1";
}
