# The option tree that is known beforehand.
{ lib }:
let
  inherit (lib) mkOption types;
  option = type: default: mkOption { inherit type default; };
  required = type: mkOption { inherit type; };
in
lib.modules.declare "nixos" false {
  networking.hostName = option types.str "nixos";
  networking.enableIPv6 = option types.bool true;
  swapDevices = option (types.listOf types.free) [ ];
}
