# Printing by CUPS for this machine alone. Network printers that speak IPP are found by mDNS and
# need no driver.
{ lib, ... }:
{
  services = {
    printing = {
      enable = lib.mkDefault true;
      # It adds queues that anything in the network announces.
      browsed.enable = lib.mkDefault false;
    };
    avahi = {
      # Stronger than the desktops of nixpkgs.
      enable = lib.mkOverride 900 true;
      nssmdns4 = lib.mkDefault true;
    };
  };
}
