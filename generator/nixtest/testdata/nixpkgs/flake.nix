# A small stand-in for nixpkgs, written for quick-deploy's tests. It holds what a
# generated flake touches: a module system with priorities, types and error texts like
# those of NixOS, `lib.nixosSystem`, and packages that build in milliseconds.
{
  outputs =
    { self }:
    let
      lib = import ./lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      lib = lib // {
        nixosSystem =
          args:
          import ./nixos/eval-config.nix (
            args
            // {
              inherit lib;
              modules = args.modules ++ [ { nixpkgs.flake.source = self.outPath; } ];
            }
          );
      };
      legacyPackages = lib.genAttrs systems (system: import ./. { inherit system; });
    };
}
