# Written by quick-deploy from the profile. Settings of your own belong in
# hosts/<host>/local.nix, which is written once and then left alone.
{
  description = "NixOS configuration of atlas";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    quick-deploy = {
      url = "github:quick-deploy/quick-deploy";
      inputs = {
        home-manager.follows = "";
        nixpkgs.follows = "nixpkgs";
      };
    };
  };

  outputs =
    inputs@{ self, nixpkgs, ... }:
    let
      mkHost =
        configuration:
        nixpkgs.lib.nixosSystem {
          specialArgs = { inherit inputs; };
          modules = [ configuration ];
        };

      perSystem =
        f: builtins.mapAttrs (_: f) (nixpkgs.lib.getAttrs [ "x86_64-linux" ] nixpkgs.legacyPackages);
    in
    {
      nixosConfigurations.atlas = mkHost ./hosts/atlas/configuration.nix;

      checks.x86_64-linux.atlas = self.nixosConfigurations.atlas.config.system.build.toplevel;

      formatter = perSystem (pkgs: pkgs.nixfmt-tree);

      devShells = perSystem (pkgs: {
        default = pkgs.mkShellNoCC {
          packages = [
            pkgs.git
            pkgs.home-manager
            pkgs.nixfmt-tree
            pkgs.nixos-rebuild-ng
            inputs.quick-deploy.packages.${pkgs.stdenv.hostPlatform.system}.default
          ];
        };
      });
    };
}
