# The options of home-manager, so that a name or a type that is wrong there is wrong here. To
# the table come defaults that home-manager computes and that modules of quick-deploy read.
{ lib, pkgs }:
import (pkgs.path + "/lib/declared.nix") { inherit lib pkgs; } (lib.importJSON ./declared.json)
