# The option tree that is known beforehand.
{ lib }:
let
  inherit (lib) mkOption types;
in
lib.modules.declare "home-manager" false {
  programs.home-manager.enable = mkOption {
    type = types.bool;
    default = false;
  };
}
