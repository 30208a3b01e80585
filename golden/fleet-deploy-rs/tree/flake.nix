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
    deploy-rs = {
      url = "github:serokell/deploy-rs";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    inputs@{
      self,
      nixpkgs,
      home-manager,
      deploy-rs,
      ...
    }:
    let
      mkHost =
        configuration:
        nixpkgs.lib.nixosSystem {
          specialArgs = { inherit inputs; };
          modules = [ configuration ];
        };

      mkHome =
        host: configuration:
        home-manager.lib.homeManagerConfiguration {
          # The host's own package set: the same overlays and the same unfree packages.
          inherit (host) pkgs;
          extraSpecialArgs = { inherit inputs; };
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

      homeConfigurations = {
        "ops@db-1" = mkHome self.nixosConfigurations.db-1 ./hosts/db-1/home-ops.nix;
        "ada@db-1" = mkHome self.nixosConfigurations.db-1 ./hosts/db-1/home-ada.nix;
        "ops@web-1" = mkHome self.nixosConfigurations.web-1 ./hosts/web-1/home-ops.nix;
        "ada@web-1" = mkHome self.nixosConfigurations.web-1 ./hosts/web-1/home-ada.nix;
        "ops@web-2" = mkHome self.nixosConfigurations.web-2 ./hosts/web-2/home-ops.nix;
        "ada@web-2" = mkHome self.nixosConfigurations.web-2 ./hosts/web-2/home-ada.nix;
      };

      deploy.nodes = {
        db-1 = {
          hostname = "db-1.example.org";
          sshUser = "root";
          remoteBuild = true;
          profilesOrder = [
            "system"
            "ops"
            "ada"
          ];
          profiles = {
            system = {
              user = "root";
              path = deploy-rs.lib.aarch64-linux.activate.nixos self.nixosConfigurations.db-1;
            };
            ops = {
              user = "ops";
              path = deploy-rs.lib.aarch64-linux.activate.home-manager self.homeConfigurations."ops@db-1";
            };
            ada = {
              user = "ada";
              path = deploy-rs.lib.aarch64-linux.activate.home-manager self.homeConfigurations."ada@db-1";
            };
          };
        };

        web-1 = {
          hostname = "web-1.example.org";
          sshUser = "root";
          profilesOrder = [
            "system"
            "ops"
            "ada"
          ];
          profiles = {
            system = {
              user = "root";
              path = deploy-rs.lib.x86_64-linux.activate.nixos self.nixosConfigurations.web-1;
            };
            ops = {
              user = "ops";
              path = deploy-rs.lib.x86_64-linux.activate.home-manager self.homeConfigurations."ops@web-1";
            };
            ada = {
              user = "ada";
              path = deploy-rs.lib.x86_64-linux.activate.home-manager self.homeConfigurations."ada@web-1";
            };
          };
        };

        web-2 = {
          hostname = "192.0.2.12";
          sshUser = "ops";
          sshOpts = [
            "-p"
            "2222"
          ];
          profilesOrder = [
            "system"
            "ops"
            "ada"
          ];
          profiles = {
            system = {
              user = "root";
              path = deploy-rs.lib.x86_64-linux.activate.nixos self.nixosConfigurations.web-2;
            };
            ops = {
              user = "ops";
              path = deploy-rs.lib.x86_64-linux.activate.home-manager self.homeConfigurations."ops@web-2";
            };
            ada = {
              user = "ada";
              path = deploy-rs.lib.x86_64-linux.activate.home-manager self.homeConfigurations."ada@web-2";
            };
          };
        };
      };

      checks =
        builtins.mapAttrs (system: checks: checks // deploy-rs.lib.${system}.deployChecks self.deploy)
          {
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
            deploy-rs.packages.${pkgs.stdenv.hostPlatform.system}.default
          ];
        };
      });
    };
}
