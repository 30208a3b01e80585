# direnv, which enters the development shell of a folder, with nix-direnv, which caches it.
{ lib, ... }:
{
  programs.direnv = {
    enable = lib.mkDefault true;
    nix-direnv.enable = lib.mkDefault true;
  };
}
