# Firmware updates from the Linux Vendor Firmware Service: "fwupdmgr update".
{ lib, ... }:
{
  # Stronger than the desktops of nixpkgs.
  services.fwupd.enable = lib.mkOverride 900 true;
}
