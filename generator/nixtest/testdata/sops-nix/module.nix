{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.sops;
  option = type: default: mkOption { inherit type default; };

  secret = types.submodule (
    { config, name, ... }:
    {
      options = {
        name = option types.str name;
        key = option types.str name;
        path = option types.str "/run/secrets/${name}";
        mode = option types.str "0400";
        owner = option (types.nullOr types.str) "root";
        uid = option (types.nullOr types.int) 0;
        group = option (types.nullOr types.str) "root";
        gid = option (types.nullOr types.int) 0;
        format = option (types.enum [
          "yaml"
          "json"
          "binary"
          "dotenv"
          "ini"
        ]) "yaml";
        sopsFile = option types.path cfg.defaultSopsFile;
        neededForUsers = option types.bool false;
        restartUnits = option (types.listOf types.str) [ ];
        reloadUnits = option (types.listOf types.str) [ ];
      };
    }
  );
in
{
  _file = "sops-nix/module.nix";
  options.sops = {
    secrets = option (types.attrsOf secret) { };
    defaultSopsFile = mkOption { type = types.path; };
    defaultSopsFormat = option types.str "yaml";
    validateSopsFiles = option types.bool true;
    gnupg.sshKeyPaths = option (types.listOf types.path) [ ];
    age = {
      keyFile = option (types.nullOr types.path) null;
      generateKey = option types.bool false;
      sshKeyPaths = option (types.listOf types.path) [ ];
    };
  };
  config.assertions = lib.mapAttrsToList (name: s: {
    assertion = !cfg.validateSopsFiles || builtins.pathExists s.sopsFile;
    message = "Cannot find path '${toString s.sopsFile}' set in sops.secrets.${builtins.toJSON name}.sopsFile";
  }) cfg.secrets;
}
