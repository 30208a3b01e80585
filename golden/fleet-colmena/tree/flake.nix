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
    colmena = {
      url = "github:zhaofengli/colmena";
      inputs = {
        nixpkgs.follows = "nixpkgs";
        stable.follows = "nixpkgs";
      };
    };
    nixpkgs-canary.url = "github:NixOS/nixpkgs/nixos-unstable";
    home-manager-canary = {
      url = "github:nix-community/home-manager";
      inputs.nixpkgs.follows = "nixpkgs-canary";
    };
  };

  outputs =
    inputs@{
      self,
      nixpkgs,
      colmena,
      ...
    }:
    let
      inherit (nixpkgs) lib;

      # Hosts with inputs of their own.
      channels = {
        canary = inputs // {
          home-manager = inputs.home-manager-canary;
          nixpkgs = inputs.nixpkgs-canary;
        };
      };

      # What differs between the hosts. The configuration of each is in hosts/<host>.
      hosts = lib.mapAttrs (_: host: { inherit inputs; } // host) {
        db-1 = {
          system = "aarch64-linux";
          homes = {
            ops = ./hosts/db-1/home-ops.nix;
            ada = ./hosts/db-1/home-ada.nix;
          };
          deployment = {
            targetHost = "db-1.example.org";
            tags = [ "db" ];
            buildOnTarget = true;
          };
        };
        web-1 = {
          system = "x86_64-linux";
          inputs = channels.canary;
          homes = {
            ops = ./hosts/web-1/home-ops.nix;
            ada = ./hosts/web-1/home-ada.nix;
          };
          deployment = {
            targetHost = "web-1.example.org";
            tags = [
              "canary"
              "early"
              "web"
            ];
          };
        };
        web-2 = {
          system = "x86_64-linux";
          homes = {
            ops = ./hosts/web-2/home-ops.nix;
            ada = ./hosts/web-2/home-ada.nix;
          };
          deployment = {
            targetHost = "192.0.2.12";
            targetPort = 2222;
            targetUser = "ops";
            tags = [
              "eu"
              "web"
            ];
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

      systems = [
        "aarch64-linux"
        "x86_64-linux"
      ];
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

      colmena =
        lib.mapAttrs (name: host: {
          imports = [ ./hosts/${name}/configuration.nix ];
          deployment = {
            targetHost = name;
            targetPort = 22;
            targetUser = "root";
          }
          // host.deployment or { };
          # What nixosSystem sets, too: both build the same system.
          nixpkgs.flake.source = host.inputs.nixpkgs.outPath;
        }) hosts
        // {
          meta = {
            nixpkgs = nixpkgs.legacyPackages.x86_64-linux;
            nodeNixpkgs = lib.mapAttrs (_: host: host.inputs.nixpkgs.legacyPackages.${host.system}) hosts;
            specialArgs = { inherit inputs; };
            nodeSpecialArgs = lib.mapAttrs (_: host: { inherit (host) inputs; }) hosts;
            allowApplyAll = false;
          };
        };

      colmenaHive = colmena.lib.makeHive self.outputs.colmena;

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
            colmena.packages.${pkgs.stdenv.hostPlatform.system}.colmena
          ];
        };
      });
    };
}
