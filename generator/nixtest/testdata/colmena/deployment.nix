{
  lib,
  name ? "nixos",
  ...
}:
let
  inherit (lib) mkOption types;
  option = type: default: mkOption { inherit type default; };
in
{
  _file = "colmena/deployment.nix";
  options.deployment = {
    targetHost = option (types.nullOr types.str) name;
    targetPort = option (types.nullOr types.port) null;
    targetUser = option (types.nullOr types.str) "root";
    tags = option (types.listOf types.str) [ ];
    buildOnTarget = option types.bool false;
    allowLocalDeployment = option types.bool false;
    replaceUnknownProfiles = option types.bool true;
    privilegeEscalationCommand = option (types.listOf types.str) [
      "sudo"
      "-H"
      "--"
    ];
    keys = option (types.attrsOf types.free) { };
  };
}
