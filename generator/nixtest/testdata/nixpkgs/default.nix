# import nixpkgs { system = "x86_64-linux"; config.allowUnfree = true; overlays = [ … ]; }
{
  system ? localSystem,
  localSystem ? builtins.currentSystem,
  config ? { },
  overlays ? [ ],
}:
let
  lib = import ./lib;
  platform = if builtins.isAttrs system then system.system else system;
  settings = if lib.isFunction config then config { inherit pkgs lib; } else config;
  pkgs = lib.fix (
    lib.extends (lib.composeManyExtensions overlays) (
      import ./pkgs.nix {
        inherit lib overlays;
        system = platform;
        config = settings;
      }
    )
  );
in
pkgs
