# The SSH client. ~/.ssh/config.local stays the user's and is read first.
{ config, lib, ... }:
let
  # home-manager 25.11 has no settings; its blocks take the same directives as options.
  is2511 = lib.versionOlder lib.trivial.release "26.05";
  directive = v: if lib.isBool v then (if v then "yes" else "no") else toString v;
in
{
  options = lib.optionalAttrs is2511 {
    programs.ssh.settings = lib.mkOption {
      type = lib.types.attrsOf (lib.types.attrsOf lib.types.anything);
      default = { };
    };
  };

  config.programs.ssh = lib.mkMerge [
    {
      enable = lib.mkDefault true;
      enableDefaultConfig = lib.mkDefault false;
      includes = [ "config.local" ];
      settings."*" = {
        AddKeysToAgent = lib.mkDefault "yes";
        ServerAliveInterval = lib.mkDefault 60;
      };
    }
    (lib.optionalAttrs is2511 {
      matchBlocks = lib.mapAttrs (_: block: {
        extraOptions = lib.mapAttrs (_: directive) block;
      }) config.programs.ssh.settings;
    })
  ];
}
