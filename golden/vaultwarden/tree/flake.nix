# Written by quick-deploy from the profile. Settings of your own belong in
# hosts/<host>/local.nix, which is written once and then left alone.
{
  description = "NixOS configuration of database, full, plain";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    inputs@{ self, nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;

      # What differs between the hosts. The configuration of each is in hosts/<host>.
      hosts = {
        database.system = "x86_64-linux";
        full.system = "x86_64-linux";
        plain.system = "x86_64-linux";
      };

      systems = [ "x86_64-linux" ];
      perSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in
    {
      nixosConfigurations = lib.mapAttrs (
        name: _:
        nixpkgs.lib.nixosSystem {
          specialArgs = { inherit inputs; };
          modules = [ ./hosts/${name}/configuration.nix ];
        }
      ) hosts;

      checks = lib.genAttrs systems (
        system:
        let
          here = lib.filterAttrs (_: host: host.system == system);
        in
        lib.mapAttrs (name: _: self.nixosConfigurations.${name}.config.system.build.toplevel) (here hosts)
      );

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
