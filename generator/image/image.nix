# What every image of a host has, beside the module of its variant.
{ lib, utils, ... }:
{
  # A disk that the profile mounts by itself is not there where the image starts: it does without.
  options.fileSystems = lib.mkOption {
    type = lib.types.attrsOf (
      lib.types.submodule (
        { config, ... }:
        {
          options = lib.mkIf (!utils.fsNeededForBoot config) [ "nofail" ];
        }
      )
    );
  };
}
