# Firmware updates from the Linux Vendor Firmware Service: "fwupdmgr update".
{ lib, ... }:
{
  services = {
    # Stronger than the desktops of nixpkgs.
    fwupd.enable = lib.mkOverride 900 true;
    # fwupd needs it. nixpkgs' images for Amazon switch it off, as firmly as nixpkgs' fwupd has it on.
    udisks2.enable = lib.mkOverride 90 true;
  };
}
