# A small stand-in for home-manager, written for quick-deploy's tests: homes that are
# evaluated, built and activated as real generations, on the stand-in for nixpkgs.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    {
      lib = {
        hm = import ./dag.nix { inherit (nixpkgs) lib; };
        homeManagerConfiguration = import ./configuration.nix;
      };
    };
}
