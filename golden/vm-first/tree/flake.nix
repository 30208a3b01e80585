# Written by quick-deploy from the profile. Settings of your own belong in
# hosts/<host>/local.nix, which is written once and then left alone.
{
  description = "NixOS configuration of machine";

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
      nixosConfigurations.machine = mkHost ./hosts/machine/configuration.nix;

      checks.x86_64-linux.machine = self.nixosConfigurations.machine.config.system.build.toplevel;

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
