# Plasma 6 behind SDDM, both on Wayland.
{ config, lib, ... }:
{
  services = {
    desktopManager.plasma6.enable = lib.mkDefault true;
    displayManager.sddm = {
      enable = lib.mkDefault (config.lib.desktop.greeter == "plasma6");
      # Stronger than the default in nixpkgs, which is the same.
      wayland.enable = lib.mkOverride 900 true;
    };
  };
}
