# Bluetooth, with the battery levels of headsets.
{ lib, ... }:
{
  hardware.bluetooth = {
    # Stronger than the desktops in nixpkgs.
    enable = lib.mkOverride 900 true;
    settings.General.Experimental = lib.mkDefault true;
  };
}
