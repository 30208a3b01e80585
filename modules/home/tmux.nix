# tmux with mouse support, true color and a long scrollback.
{ lib, ... }:
{
  programs.tmux = {
    enable = lib.mkDefault true;
    mouse = lib.mkDefault true;
    keyMode = lib.mkDefault "vi";
    baseIndex = lib.mkDefault 1;
    clock24 = lib.mkDefault true;
    escapeTime = lib.mkDefault 10;
    focusEvents = lib.mkDefault true;
    historyLimit = lib.mkDefault 50000;
    terminal = lib.mkDefault "tmux-256color";
  };
}
