# pass, the password store on GnuPG and git.
{ lib, ... }:
{
  programs.password-store.enable = lib.mkDefault true;
}
