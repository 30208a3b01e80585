# Neovim. ~/.config/nvim stays the user's: what home-manager configures is loaded in
# addition and not written there.
{ lib, options, ... }:
let
  # New in home-manager 26.05.
  canSideload = options.programs.neovim ? sideloadInitLua;
in
{
  programs.neovim = {
    enable = lib.mkDefault true;
    # The interpreters for remote plugins; hardly any plugin needs one.
    withPython3 = lib.mkDefault false;
    withRuby = lib.mkDefault false;
  }
  // lib.optionalAttrs canSideload { sideloadInitLua = lib.mkDefault true; };

  xdg.configFile = lib.mkIf (!canSideload) { "nvim/init.lua".enable = lib.mkDefault false; };
}
