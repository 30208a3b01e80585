# The machine of this case, written by hand: what the generated flake is measured against.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations.atlas = nixpkgs.lib.nixosSystem { modules = [ ./configuration.nix ]; };
    };
}
