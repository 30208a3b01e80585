# Plasma 6 behind SDDM, both on Wayland. Beside COSMIC or GNOME, whose greeters
# start every session, SDDM is left out.
{ config, lib, ... }:
let
  inherit (config.services.desktopManager) cosmic gnome;
in
{
  services = {
    desktopManager.plasma6.enable = lib.mkDefault true;
    displayManager.sddm = {
      enable = lib.mkDefault (!(cosmic.enable || gnome.enable));
      # Stronger than nixpkgs, whose default is the same.
      wayland.enable = lib.mkOverride 900 true;
    };
  };
}
