# The Ghostty terminal.
{ lib, ... }:
{
  programs.ghostty = {
    enable = lib.mkDefault true;
    settings = {
      background-opacity = lib.mkDefault 0.95;
      font-family = lib.mkDefault "MesloLGS Nerd Font";
      font-size = lib.mkDefault 11;
    };
  };
}
