# Written by quick-deploy from the profile. Settings of your own belong in
# hosts/<host>/local.nix, which is written once and then left alone.
{
  description = "NixOS configurations of 5 machines";

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
        f: builtins.mapAttrs (_: f) (nixpkgs.lib.getAttrs [ "x86_64-linux" ] nixpkgs.legacyPackages);
    in
    {
      nixosConfigurations = {
        cluster = mkHost ./hosts/cluster/configuration.nix;
        data = mkHost ./hosts/data/configuration.nix;
        forge = mkHost ./hosts/forge/configuration.nix;
        host = mkHost ./hosts/host/configuration.nix;
        watch = mkHost ./hosts/watch/configuration.nix;
      };

      checks.x86_64-linux = {
        cluster = self.nixosConfigurations.cluster.config.system.build.toplevel;
        data = self.nixosConfigurations.data.config.system.build.toplevel;
        forge = self.nixosConfigurations.forge.config.system.build.toplevel;
        host = self.nixosConfigurations.host.config.system.build.toplevel;
        watch = self.nixosConfigurations.watch.config.system.build.toplevel;
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
