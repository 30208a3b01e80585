# Remote access by key only. Passwords are refused; nixpkgs lets root in by key alone.
#
# The firewall opens the port, as nixpkgs does by default: a machine that is deployed over
# the network must not lock its administrator out.
{ lib, ... }:
let
  # Images of nixpkgs set these by mkDefault.
  ours = lib.mkOverride 900;
in
{
  services.openssh = {
    enable = ours true;
    settings = {
      PasswordAuthentication = ours false;
      KbdInteractiveAuthentication = ours false;
      X11Forwarding = lib.mkDefault false;
    };
  };
}
