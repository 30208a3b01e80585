# What programs.quick-deploy of the project's flake sets, in NixOS's own modules and home-manager's.
{
  flake, # folder of the project
  nixpkgs, # folders, as in evaluate.nix
  nixos,
  lib,
  home-manager,
}:
let
  dir = name: /. + name;
  apart = nixos != nixpkgs || lib != nixpkgs;
  lib' = import (dir lib + "/lib");
  pkgs = import (dir nixpkgs) {
    system = "x86_64-linux";
    overlays = [
      (import ./older.nix {
        inherit apart nixpkgs;
        packages = [ ];
      })
    ];
  };
  outputs = (import (dir flake + "/flake.nix")).outputs {
    self = outputs;
    nixpkgs = {
      lib = lib';
      legacyPackages.x86_64-linux = pkgs;
    };
    home-manager = { };
  };

  # Not the real one: an older nixpkgs does not have its Go.
  package = pkgs.writeShellScriptBin "quick-deploy" "";
  settings.programs.quick-deploy = {
    enable = true;
    inherit package;
    flake = "/etc/nixos";
    profile = "$HOME/quick-deploy.yaml";
  };
  wrong = lib'.recursiveUpdate settings { programs.quick-deploy.flake = "./flake"; };

  system =
    module:
    (import (dir nixos + "/nixos/lib/eval-config.nix") {
      system = null;
      lib = lib';
      modules = [
        outputs.nixosModules.default
        outputs.nixosModules.quick-deploy
        module
        {
          nixpkgs.pkgs = pkgs;
          system.stateVersion = "24.05";
          boot.loader.grub.enable = false;
          fileSystems."/" = {
            device = "none";
            fsType = "tmpfs";
          };
          documentation.nixos.enable = false;
        }
      ];
    }).config;
  home =
    module:
    ((import (dir home-manager + "/lib") { lib = lib'; }).homeManagerConfiguration {
      inherit pkgs;
      lib = lib';
      modules = [
        outputs.homeModules.default
        module
        {
          home = {
            username = "ada";
            homeDirectory = "/home/ada";
            stateVersion = "26.05";
            enableNixpkgsReleaseCheck = false;
          };
          manual.manpages.enable = false;
          # They are imported from pkgs.path, which an older nixpkgs does not have.
          disabledModules = lib'.optional apart "services-modular";
        }
      ];
    }).config;

  failed = config: map (a: a.message) (lib'.filter (a: !a.assertion) config.assertions);
  ours = lib'.filterAttrs (name: _: lib'.hasPrefix "QUICK_DEPLOY" name);
in
{
  nixos =
    let
      config = system settings;
    in
    {
      variables = ours config.environment.variables;
      installed = builtins.elem package config.environment.systemPackages;
      linked = builtins.elem "/share/zsh/site-functions" config.environment.pathsToLink;
      drv = config.system.build.toplevel.drvPath;
      failed = failed config;
    };
  home =
    let
      config = home settings;
    in
    {
      variables = ours config.home.sessionVariables;
      installed = builtins.elem package config.home.packages;
      drv = config.home.path.drvPath;
      failed = failed config;
    };
  off = ours (system { }).environment.variables // ours (home { }).home.sessionVariables;
  wrong = failed (system wrong);
}
