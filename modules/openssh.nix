# Remote access by SSH key only. Passwords are refused; in nixpkgs, root can log in only by key.
#
# The firewall opens the port, as nixpkgs does by default: a machine that is deployed over
# the network must not lock its administrator out.
{ lib, ... }:
{
  services.openssh = {
    # Images in nixpkgs set these with mkDefault.
    enable = lib.mkOverride 900 true;
    settings = {
      PasswordAuthentication = lib.mkOverride 900 false;
      KbdInteractiveAuthentication = lib.mkOverride 900 false;
    };
  };
}
