# lib.nixosSystem: evaluates a machine's modules together with those of the stand-in.
{
  lib,
  modules,
  system ? null,
  specialArgs ? { },
  ...
}:
let
  evaluated = lib.evalModules {
    modules = [
      ./base.nix
      ./toplevel.nix
      {
        _file = "nixos/eval-config.nix";
        nixpkgs.hostPlatform = lib.mkIf (system != null) (lib.mkDefault system);
        _module.args.definedOptions = evaluated.defined;
      }
    ]
    ++ modules;
    specialArgs = {
      modulesPath = ./modules;
    }
    // specialArgs;
    declared = import ./declared.nix {
      inherit lib;
      inherit (evaluated.config._module.args) pkgs;
    };
    strict = false;
  };
in
evaluated
// {
  inherit lib;
  inherit (evaluated.config._module.args) pkgs;
  class = "nixos";
}
