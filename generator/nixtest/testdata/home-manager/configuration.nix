# homeManagerConfiguration: evaluates a home's modules together with those of the stand-in.
{
  pkgs,
  modules,
  lib ? pkgs.lib,
  extraSpecialArgs ? { },
  check ? true,
}:
let
  extended = lib // {
    hm = import ./dag.nix { inherit lib; };
  };
  evaluated = lib.evalModules {
    modules = [
      ./home.nix
      {
        _file = "home-manager/configuration.nix";
        _module.args = {
          pkgs = lib.mkDefault pkgs;
          definedOptions = evaluated.defined;
        };
      }
    ]
    ++ modules;
    specialArgs = {
      lib = extended;
      modulesPath = ./modules;
    }
    // extraSpecialArgs;
    declared = import ./declared.nix { inherit lib pkgs; };
    strict = false;
  };
in
evaluated
// {
  inherit pkgs;
  inherit (evaluated.config.home) activationPackage;
  newsDisplay = "silent";
}
