# Remote access by key only. Passwords are refused; nixpkgs lets root in by key alone.
#
# The firewall opens the port, as nixpkgs does by default: a machine that is deployed over
# the network must not lock its administrator out.
{ lib, ... }:
{
  services.openssh = {
    # Images of nixpkgs set these by mkDefault.
    enable = lib.mkOverride 900 true;
    settings = {
      PasswordAuthentication = lib.mkOverride 900 false;
      KbdInteractiveAuthentication = lib.mkOverride 900 false;
    };
  };
}
