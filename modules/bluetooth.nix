# Bluetooth, on after boot, with the battery levels of headsets.
{ lib, ... }:
{
  hardware.bluetooth = {
    enable = lib.mkDefault true;
    powerOnBoot = lib.mkDefault true;
    settings.General.Experimental = lib.mkDefault true;
  };
}
