# Written by quick-deploy from the profile. Settings of your own belong in
# hosts/<host>/local.nix, which is written once and then left alone.
{
  description = "NixOS configuration of db-1, web-1, web-2";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

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
        f:
        builtins.mapAttrs (_: f) (
          nixpkgs.lib.getAttrs [ "aarch64-linux" "x86_64-linux" ] nixpkgs.legacyPackages
        );
    in
    {
      nixosConfigurations = {
        db-1 = mkHost ./hosts/db-1/configuration.nix;
        web-1 = mkHost ./hosts/web-1/configuration.nix;
        web-2 = mkHost ./hosts/web-2/configuration.nix;
      };

      checks = {
        aarch64-linux.db-1 = self.nixosConfigurations.db-1.config.system.build.toplevel;
        x86_64-linux = {
          web-1 = self.nixosConfigurations.web-1.config.system.build.toplevel;
          web-2 = self.nixosConfigurations.web-2.config.system.build.toplevel;
        };
      };

      formatter = perSystem (pkgs: pkgs.nixfmt-tree);

      devShells = perSystem (pkgs: {
        default = pkgs.mkShellNoCC {
          packages = [
            pkgs.git
            pkgs.home-manager
            pkgs.nixfmt-tree
            pkgs.nixos-rebuild-ng
          ];
        };
      });
    };
}
