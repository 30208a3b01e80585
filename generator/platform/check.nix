# Whether a nixpkgs has a package for a platform. A file that is missing and an argument
# that nobody gives cannot be caught, so it is one package a call:
#
#   nix-instantiate --eval check.nix --arg nixpkgs ~/nixpkgs \
#     --argstr name steam --argstr system aarch64-linux
{
  nixpkgs,
  name,
  system,
}:
let
  pkgs = import nixpkgs {
    inherit system;
    config.allowUnfree = true;
  };
in
(pkgs.lib.getAttrFromPath (pkgs.lib.splitString "." name) pkgs).drvPath
