# direnv, which loads a folder's development shell when you enter it, with nix-direnv, which
# caches it.
{ lib, ... }:
{
  programs.direnv = {
    enable = lib.mkDefault true;
    nix-direnv.enable = lib.mkDefault true;
  };
}
