# Remote access by key only. Passwords are refused; nixpkgs lets root in by key alone.
#
# The firewall opens the port, as nixpkgs does by default: a machine that is deployed over
# the network must not lock its administrator out.
{ lib, ... }:
{
  services.openssh = {
    enable = lib.mkDefault true;
    settings = {
      PasswordAuthentication = lib.mkDefault false;
      KbdInteractiveAuthentication = lib.mkDefault false;
      X11Forwarding = lib.mkDefault false;
    };
  };
}
