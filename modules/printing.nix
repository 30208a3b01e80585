# Printing with CUPS for this machine only. Network printers that support IPP are found with mDNS
# and need no driver.
{ lib, ... }:
{
  services = {
    printing = {
      enable = lib.mkDefault true;
      # It adds queues for whatever the network announces.
      browsed.enable = lib.mkDefault false;
    };
    avahi = {
      # Stronger than the desktops in nixpkgs.
      enable = lib.mkOverride 900 true;
      nssmdns4 = lib.mkDefault true;
    };
  };
}
