# A small stand-in for the project's own flake as an input of a generated one: the options of
# its module, and a package. Tests of the project's flake have the real ones.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    {
      # Whoever wants the module only need not bring a nixpkgs.
      nixpkgs ? null,
      ...
    }:
    let
      package = pkgs: pkgs.writeShellScriptBin "quick-deploy" "echo stand-in";
    in
    {
      packages = builtins.mapAttrs (_: pkgs: { default = package pkgs; }) nixpkgs.legacyPackages;

      nixosModules.default =
        {
          config,
          lib,
          pkgs,
          ...
        }:
        let
          cfg = config.programs.quick-deploy;
        in
        {
          options.programs.quick-deploy = {
            enable = lib.mkEnableOption "quick-deploy";
            package = lib.mkOption {
              type = lib.types.package;
              default = package pkgs;
            };
            flake = lib.mkOption {
              type = lib.types.nullOr lib.types.str;
              default = null;
            };
            profile = lib.mkOption {
              type = lib.types.nullOr lib.types.str;
              default = null;
            };
          };
          config.environment.systemPackages = lib.mkIf cfg.enable [ cfg.package ];
        };
    };
}
