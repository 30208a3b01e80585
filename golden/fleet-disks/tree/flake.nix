# Written by quick-deploy from the profile. Settings of your own belong in
# hosts/<host>/local.nix, which is written once and then left alone.
{
  description = "NixOS configurations of 5 machines";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    disko = {
      url = "github:nix-community/disko";
      inputs.nixpkgs.follows = "nixpkgs";
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
      nixosConfigurations = {
        bios = mkHost ./hosts/bios/configuration.nix;
        laptop = mkHost ./hosts/laptop/configuration.nix;
        plain = mkHost ./hosts/plain/configuration.nix;
        store = mkHost ./hosts/store/configuration.nix;
        twin = mkHost ./hosts/twin/configuration.nix;
      };

      checks.x86_64-linux = {
        bios = self.nixosConfigurations.bios.config.system.build.toplevel;
        laptop = self.nixosConfigurations.laptop.config.system.build.toplevel;
        plain = self.nixosConfigurations.plain.config.system.build.toplevel;
        store = self.nixosConfigurations.store.config.system.build.toplevel;
        twin = self.nixosConfigurations.twin.config.system.build.toplevel;
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
