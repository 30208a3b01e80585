# The options without which no machine is built, as NixOS declares them.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  _file = "nixos/base.nix";
  options = {
    nixpkgs = {
      hostPlatform = mkOption {
        type = types.either types.str types.attrs;
        apply = p: if builtins.isString p then { system = p; } else p;
      };
      system = mkOption { type = types.str; };
      pkgs = mkOption { type = types.raw; };
      config = mkOption {
        type = types.free;
        default = { };
      };
      overlays = mkOption {
        type = types.listOf types.raw;
        default = [ ];
      };
      # Which modules of nixos/modules are imported.
      profiles = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
    };
    assertions = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
    };
    warnings = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    system = {
      build = mkOption {
        type = types.lazyAttrsOf types.raw;
        default = { };
      };
      stateVersion = mkOption {
        type = types.str;
        default = "26.05";
      };
      nixos = {
        release = mkOption {
          type = types.str;
          default = "26.05";
        };
        label = mkOption {
          type = types.str;
          default = "26.05.standin";
        };
        version = mkOption {
          type = types.str;
          default = "26.05.standin";
        };
      };
    };
    environment.systemPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
    };
    specialisation = mkOption {
      type = types.lazyAttrsOf types.raw;
      default = { };
    };
  };

  config = {
    nixpkgs.system = lib.mkDefault config.nixpkgs.hostPlatform.system;
    _module.args.pkgs = lib.mkDefault config.nixpkgs.pkgs;
    nixpkgs.pkgs = lib.mkDefault (
      import ../. {
        inherit (config.nixpkgs) system config overlays;
      }
    );
  };
}
