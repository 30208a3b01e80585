# Firmware updates from the Linux Vendor Firmware Service: "fwupdmgr update".
{ lib, ... }:
{
  services.fwupd.enable = lib.mkDefault true;
}
