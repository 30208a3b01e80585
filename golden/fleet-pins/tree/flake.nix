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
    nixos-hardware = {
      url = "github:NixOS/nixos-hardware";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    nixpkgs-canary.url = "github:NixOS/nixpkgs/nixos-26.05-small";
    home-manager-canary = {
      url = "github:nix-community/home-manager/release-26.05";
      inputs.nixpkgs.follows = "nixpkgs-canary";
    };
    nixos-hardware-canary = {
      url = "github:NixOS/nixos-hardware";
      inputs.nixpkgs.follows = "nixpkgs-canary";
    };
    nixpkgs-old.url = "github:NixOS/nixpkgs/nixos-25.11";
    home-manager-old = {
      url = "github:nix-community/home-manager/release-25.11";
      inputs.nixpkgs.follows = "nixpkgs-old";
    };
  };

  outputs =
    inputs@{ self, nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;

      # Hosts with inputs of their own.
      channels = {
        canary = inputs // {
          home-manager = inputs.home-manager-canary;
          nixos-hardware = inputs.nixos-hardware-canary;
          nixpkgs = inputs.nixpkgs-canary;
        };
        old = inputs // {
          home-manager = inputs.home-manager-old;
          nixpkgs = inputs.nixpkgs-old;
        };
      };

      # What differs between the hosts. The configuration of each is in hosts/<host>.
      hosts = lib.mapAttrs (_: host: { inherit inputs; } // host) {
        db-1 = {
          system = "x86_64-linux";
          inputs = channels.old;
          homes = {
            ops = ./hosts/db-1/home-ops.nix;
            ada = ./hosts/db-1/home-ada.nix;
          };
        };
        web-1 = {
          system = "x86_64-linux";
          inputs = channels.canary;
          homes = {
            ops = ./hosts/web-1/home-ops.nix;
            ada = ./hosts/web-1/home-ada.nix;
          };
        };
        web-2 = {
          system = "x86_64-linux";
          homes = {
            ops = ./hosts/web-2/home-ops.nix;
            ada = ./hosts/web-2/home-ada.nix;
          };
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
        name: host:
        host.inputs.nixpkgs.lib.nixosSystem {
          specialArgs = { inherit (host) inputs; };
          modules = [ ./hosts/${name}/configuration.nix ];
        }
      ) hosts;

      homeConfigurations = lib.mapAttrs (
        _: home:
        home.inputs.home-manager.lib.homeManagerConfiguration {
          # The host's own package set: the same overlays and the same unfree packages.
          inherit (self.nixosConfigurations.${home.host}) pkgs;
          extraSpecialArgs = { inherit (home) inputs; };
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
