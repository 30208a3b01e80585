# For every home: the home-manager command itself and the XDG folders.
{ lib, ... }:
{
  programs.home-manager.enable = lib.mkDefault true;
  xdg.enable = lib.mkDefault true;
}
