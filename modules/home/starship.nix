# The starship prompt in every shell that home-manager configures.
{ lib, ... }:
{
  programs.starship.enable = lib.mkDefault true;
}
