# GNOME behind GDM.
{ config, lib, ... }:
{
  services = {
    desktopManager.gnome.enable = lib.mkDefault true;
    displayManager.gdm.enable = lib.mkDefault (config.lib.desktop.greeter == "gnome");
  };
}
