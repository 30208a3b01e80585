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

      perSystem =
        f: builtins.mapAttrs (_: f) (nixpkgs.lib.getAttrs [ "x86_64-linux" ] nixpkgs.legacyPackages);
    in
    {
      nixosConfigurations = {
        db-1 = mkHost channels.old ./hosts/db-1/configuration.nix;
        web-1 = mkHost channels.canary ./hosts/web-1/configuration.nix;
        web-2 = mkHost inputs ./hosts/web-2/configuration.nix;
      };

      homeConfigurations = {
        "ops@db-1" = mkHome channels.old self.nixosConfigurations.db-1 ./hosts/db-1/home-ops.nix;
        "ada@db-1" = mkHome channels.old self.nixosConfigurations.db-1 ./hosts/db-1/home-ada.nix;
        "ops@web-1" = mkHome channels.canary self.nixosConfigurations.web-1 ./hosts/web-1/home-ops.nix;
        "ada@web-1" = mkHome channels.canary self.nixosConfigurations.web-1 ./hosts/web-1/home-ada.nix;
        "ops@web-2" = mkHome inputs self.nixosConfigurations.web-2 ./hosts/web-2/home-ops.nix;
        "ada@web-2" = mkHome inputs self.nixosConfigurations.web-2 ./hosts/web-2/home-ada.nix;
      };

      checks.x86_64-linux = {
        db-1 = self.nixosConfigurations.db-1.config.system.build.toplevel;
        "ops@db-1" = self.homeConfigurations."ops@db-1".activationPackage;
        "ada@db-1" = self.homeConfigurations."ada@db-1".activationPackage;
        web-1 = self.nixosConfigurations.web-1.config.system.build.toplevel;
        "ops@web-1" = self.homeConfigurations."ops@web-1".activationPackage;
        "ada@web-1" = self.homeConfigurations."ada@web-1".activationPackage;
        web-2 = self.nixosConfigurations.web-2.config.system.build.toplevel;
        "ops@web-2" = self.homeConfigurations."ops@web-2".activationPackage;
        "ada@web-2" = self.homeConfigurations."ada@web-2".activationPackage;
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
