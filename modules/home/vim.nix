# Vim with line numbers and two blanks for a tab, before the user's own ~/.vimrc.
{ lib, ... }:
{
  programs.vim = {
    enable = lib.mkDefault true;
    settings = {
      expandtab = lib.mkDefault true;
      number = lib.mkDefault true;
      shiftwidth = lib.mkDefault 2;
      tabstop = lib.mkDefault 2;
    };
    extraConfig = ''
      set softtabstop=2
      if filereadable(expand('~/.vimrc'))
        source ~/.vimrc
      endif
    '';
  };
}
