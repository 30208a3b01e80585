# What every graphical session shares: sound, fonts, the network applet's
# backend, and programs that speak Wayland when they can.
{ lib, pkgs, ... }:
let
  # Desktops of nixpkgs set some of these by mkDefault.
  ours = lib.mkOverride 900;
in
{
  networking.networkmanager.enable = ours true;

  security.rtkit.enable = ours true;
  services = {
    # The passphrase window of GnuPG, pinentry-gnome3, talks to it on any desktop.
    dbus.packages = [ pkgs.gcr ];
    pipewire = {
      enable = ours true;
      alsa.enable = ours true;
      alsa.support32Bit = ours true;
      pulse.enable = ours true;
      jack.enable = ours true;
    };
    pulseaudio.enable = ours false;
  };

  xdg.portal.enable = ours true;

  fonts = {
    enableDefaultPackages = ours true;
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
