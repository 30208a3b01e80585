# lib.nixosSystem: evaluates a machine's modules together with those of the stand-in.
{
  lib,
  modules,
  system ? null,
  specialArgs ? { },
  ...
}@given:
let
  inherit (evaluated.config._module.args) pkgs;
  defined = import ./defined.nix {
    inherit lib pkgs;
    declared = import ./declared.nix { inherit lib pkgs; };
  };
  evaluated = lib.evalModules {
    modules = defined.modules ++ [
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
    declared = defined.node;
    strict = false;
  };
in
evaluated
// {
  inherit lib pkgs;
  class = "nixos";
  extendModules =
    more:
    import ./eval-config.nix (
      given
      // {
        modules = modules ++ more.modules or [ ];
        specialArgs = specialArgs // more.specialArgs or { };
      }
    );
}
