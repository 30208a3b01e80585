# GnuPG with an agent that also serves SSH and asks for a passphrase once an hour.
{ lib, pkgs, ... }:
{
  programs.gpg.enable = lib.mkDefault true;

  services.gpg-agent = {
    enable = lib.mkDefault true;
    enableSshSupport = lib.mkDefault true;
    defaultCacheTtl = lib.mkDefault 3600;
    defaultCacheTtlSsh = lib.mkDefault 3600;
    # Asks on the terminal if there is no desktop.
    pinentry.package = lib.mkDefault pkgs.pinentry-gnome3;
  };
}
