# Firmware updates from the Linux Vendor Firmware Service: "fwupdmgr update".
{ lib, ... }:
{
  services = {
    # Stronger than the desktops in nixpkgs.
    fwupd.enable = lib.mkOverride 900 true;
    # fwupd needs it. The Amazon images in nixpkgs turn it off, with the same priority with which its
    # fwupd turns it on.
    udisks2.enable = lib.mkOverride 90 true;
  };
}
