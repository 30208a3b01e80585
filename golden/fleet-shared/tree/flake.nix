# Written by quick-deploy from the profile. Settings of your own belong in
# hosts/<host>/local.nix, which is written once and then left alone.
{
  description = "NixOS configuration of db-1, web-1, web-2";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    home-manager = {
      url = "github:nix-community/home-manager/release-26.05";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    inputs@{
      self,
      nixpkgs,
      home-manager,
      ...
    }:
    let
      inherit (nixpkgs) lib;

      # What differs between the hosts. The configuration of each is in hosts/<host>.
      hosts = {
        db-1 = {
          system = "x86_64-linux";
          homes.ops = ./hosts/db-1/home.nix;
        };
        web-1 = {
          system = "x86_64-linux";
          homes.ops = ./hosts/web-1/home.nix;
        };
        web-2 = {
          system = "x86_64-linux";
          homes = {
            ops = ./hosts/web-2/home-ops.nix;
            ada = ./hosts/web-2/home-ada.nix;
          };
        };
      };

      # The package set of all hosts (fleet.sharePackages). Beside it, NixOS refuses nixpkgs.config
      # in a local.nix and does not read nixpkgs.hostPlatform and nixpkgs.buildPlatform; with
      # nixpkgs.overlays there a host makes packages of its own again.
      pkgs = import nixpkgs {
        system = "x86_64-linux";
        config = {
          allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [ "vscode" ];
          permittedInsecurePackages = [ "olm-3.2.16" ];
        };
      };

      # The homes of all hosts, by user@host.
      homes = lib.mergeAttrsList (
        lib.mapAttrsToList (
          name: host:
          lib.mapAttrs' (user: configuration: {
            name = "${user}@${name}";
            value = host // {
              inherit configuration;
              host = name;
            };
          }) (host.homes or { })
        ) hosts
      );

      systems = [ "x86_64-linux" ];
      perSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in
    {
      nixosConfigurations = lib.mapAttrs (
        name: _:
        nixpkgs.lib.nixosSystem {
          specialArgs = { inherit inputs; };
          modules = [
            ./hosts/${name}/configuration.nix
            { nixpkgs.pkgs = pkgs; }
          ];
        }
      ) hosts;

      homeConfigurations = lib.mapAttrs (
        _: home:
        home-manager.lib.homeManagerConfiguration {
          # The host's own package set: the same overlays and the same unfree packages.
          inherit (self.nixosConfigurations.${home.host}) pkgs;
          extraSpecialArgs = { inherit inputs; };
          modules = [ home.configuration ];
        }
      ) homes;

      checks = lib.genAttrs systems (
        system:
        let
          here = lib.filterAttrs (_: host: host.system == system);
        in
        lib.mapAttrs (name: _: self.nixosConfigurations.${name}.config.system.build.toplevel) (here hosts)
        // lib.mapAttrs (name: _: self.homeConfigurations.${name}.activationPackage) (here homes)
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
