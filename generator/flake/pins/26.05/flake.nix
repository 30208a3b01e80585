# The inputs that a flake may have with this release: Nix locks them, the program is built with flake.lock.
{
  inputs.colmena = {
    url = "github:zhaofengli/colmena";
    inputs = {
      nixpkgs.follows = "nixpkgs";
      stable.follows = "nixpkgs";
    };
  };

  inputs.deploy-rs = {
    url = "github:serokell/deploy-rs";
    inputs.nixpkgs.follows = "nixpkgs";
  };

  inputs.disko = {
    url = "github:nix-community/disko";
    inputs.nixpkgs.follows = "nixpkgs";
  };

  inputs.home-manager = {
    url = "github:nix-community/home-manager/release-26.05";
    inputs.nixpkgs.follows = "nixpkgs";
  };

  inputs.nix-flatpak.url = "github:gmodena/nix-flatpak/v0.7.0";

  inputs.nixos-hardware = {
    url = "github:NixOS/nixos-hardware";
    inputs.nixpkgs.follows = "nixpkgs";
  };

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  inputs.sops-nix = {
    url = "github:Mic92/sops-nix";
    inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs = _: { };
}
