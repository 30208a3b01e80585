# The Alacritty terminal.
{ lib, ... }:
{
  programs.alacritty = {
    enable = lib.mkDefault true;
    settings = {
      window.opacity = lib.mkDefault 0.95;
      font = {
        normal.family = lib.mkDefault "MesloLGS Nerd Font";
        size = lib.mkDefault 11;
      };
    };
  };
}
