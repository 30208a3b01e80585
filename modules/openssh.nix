# Remote access by key only. Passwords are refused, for root as for everybody else.
#
# The firewall opens the port, as nixpkgs does by default: a machine that is deployed over
# the network must not lock its administrator out.
{ lib, ... }:
{
  services.openssh = {
    enable = lib.mkDefault true;
    ports = lib.mkDefault [ 22 ];
    settings = {
      PasswordAuthentication = lib.mkDefault false;
      KbdInteractiveAuthentication = lib.mkDefault false;
      PermitRootLogin = lib.mkDefault "prohibit-password";
      X11Forwarding = lib.mkDefault false;
    };
  };
}
