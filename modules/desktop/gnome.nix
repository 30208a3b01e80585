# GNOME behind GDM. Beside COSMIC, whose greeter starts every session, GDM is left out.
{ config, lib, ... }:
{
  services = {
    desktopManager.gnome.enable = lib.mkDefault true;
    displayManager.gdm.enable = lib.mkDefault (!config.services.desktopManager.cosmic.enable);
  };
}
