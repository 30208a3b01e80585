# fish without its greeting.
{ lib, ... }:
{
  programs.fish = {
    enable = lib.mkDefault true;
    interactiveShellInit = "set -g fish_greeting";
  };
}
