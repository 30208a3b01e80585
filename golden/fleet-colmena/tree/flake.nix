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
      # Hosts with inputs of their own.
      channels = {
        canary = inputs // {
          home-manager = inputs.home-manager-canary;
          nixpkgs = inputs.nixpkgs-canary;
        };
      };

      mkHost =
        inputs: configuration:
        inputs.nixpkgs.lib.nixosSystem {
          specialArgs = { inherit inputs; };
          modules = [ configuration ];
        };

      mkHome =
        inputs: host: configuration:
        inputs.home-manager.lib.homeManagerConfiguration {
          # The host's own package set: the same overlays and the same unfree packages.
          inherit (host) pkgs;
          extraSpecialArgs = { inherit inputs; };
          modules = [ configuration ];
        };

      mkNode = inputs: configuration: deployment: {
        inherit deployment;
        imports = [ configuration ];
        # What nixosSystem sets, too: both build the same system.
        nixpkgs.flake.source = inputs.nixpkgs.outPath;
      };

      perSystem =
        f:
        builtins.mapAttrs (_: f) (
          nixpkgs.lib.getAttrs [ "aarch64-linux" "x86_64-linux" ] nixpkgs.legacyPackages
        );
    in
    {
      nixosConfigurations = {
        db-1 = mkHost inputs ./hosts/db-1/configuration.nix;
        web-1 = mkHost channels.canary ./hosts/web-1/configuration.nix;
        web-2 = mkHost inputs ./hosts/web-2/configuration.nix;
      };

      homeConfigurations = {
        "ops@db-1" = mkHome inputs self.nixosConfigurations.db-1 ./hosts/db-1/home-ops.nix;
        "ada@db-1" = mkHome inputs self.nixosConfigurations.db-1 ./hosts/db-1/home-ada.nix;
        "ops@web-1" = mkHome channels.canary self.nixosConfigurations.web-1 ./hosts/web-1/home-ops.nix;
        "ada@web-1" = mkHome channels.canary self.nixosConfigurations.web-1 ./hosts/web-1/home-ada.nix;
        "ops@web-2" = mkHome inputs self.nixosConfigurations.web-2 ./hosts/web-2/home-ops.nix;
        "ada@web-2" = mkHome inputs self.nixosConfigurations.web-2 ./hosts/web-2/home-ada.nix;
      };

      colmena = {
        meta = {
          nixpkgs = nixpkgs.legacyPackages.x86_64-linux;
          specialArgs = { inherit inputs; };
          allowApplyAll = false;
          nodeNixpkgs = {
            db-1 = nixpkgs.legacyPackages.aarch64-linux;
            web-1 = channels.canary.nixpkgs.legacyPackages.x86_64-linux;
          };
          nodeSpecialArgs.web-1.inputs = channels.canary;
        };

        db-1 = mkNode inputs ./hosts/db-1/configuration.nix {
          targetHost = "db-1.example.org";
          targetPort = 22;
          targetUser = "root";
          tags = [ "db" ];
          buildOnTarget = true;
        };

        web-1 = mkNode channels.canary ./hosts/web-1/configuration.nix {
          targetHost = "web-1.example.org";
          targetPort = 22;
          targetUser = "root";
          tags = [
            "canary"
            "early"
            "web"
          ];
        };

        web-2 = mkNode inputs ./hosts/web-2/configuration.nix {
          targetHost = "192.0.2.12";
          targetPort = 2222;
          targetUser = "ops";
          tags = [
            "eu"
            "web"
          ];
        };
      };

      colmenaHive = colmena.lib.makeHive self.outputs.colmena;

      checks = {
        aarch64-linux = {
          db-1 = self.nixosConfigurations.db-1.config.system.build.toplevel;
          "ops@db-1" = self.homeConfigurations."ops@db-1".activationPackage;
          "ada@db-1" = self.homeConfigurations."ada@db-1".activationPackage;
        };
        x86_64-linux = {
          web-1 = self.nixosConfigurations.web-1.config.system.build.toplevel;
          "ops@web-1" = self.homeConfigurations."ops@web-1".activationPackage;
          "ada@web-1" = self.homeConfigurations."ada@web-1".activationPackage;
          web-2 = self.nixosConfigurations.web-2.config.system.build.toplevel;
          "ops@web-2" = self.homeConfigurations."ops@web-2".activationPackage;
          "ada@web-2" = self.homeConfigurations."ada@web-2".activationPackage;
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
            colmena.packages.${pkgs.stdenv.hostPlatform.system}.colmena
          ];
        };
      });
    };
}
