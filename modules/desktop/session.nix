# What every graphical session shares: sound, fonts, the network applet's
# backend, and programs that speak Wayland when they can.
{ lib, pkgs, ... }:
{
  networking.networkmanager.enable = lib.mkDefault true;

  security.rtkit.enable = lib.mkDefault true;
  services = {
    # The passphrase window of GnuPG, pinentry-gnome3, talks to it on any desktop.
    dbus.packages = [ pkgs.gcr ];
    pipewire = {
      enable = lib.mkDefault true;
      alsa.enable = lib.mkDefault true;
      alsa.support32Bit = lib.mkDefault true;
      pulse.enable = lib.mkDefault true;
      jack.enable = lib.mkDefault true;
    };
    pulseaudio.enable = lib.mkDefault false;
  };

  xdg.portal.enable = lib.mkDefault true;

  fonts = {
    enableDefaultPackages = lib.mkDefault true;
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

  # Electron and Chromium, by the wrappers of nixpkgs. Firefox, Qt and SDL find out by themselves.
  environment.sessionVariables.NIXOS_OZONE_WL = lib.mkDefault "1";
}
