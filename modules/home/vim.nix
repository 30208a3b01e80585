# Vim with line numbers and tabs of two spaces; the user's own ~/.vimrc is read afterwards.
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
