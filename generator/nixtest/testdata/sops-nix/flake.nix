# A small stand-in for sops-nix, written for quick-deploy's tests: the options, and the
# check that every secret has a file.
{
  outputs =
    { self }:
    {
      nixosModules = {
        sops = ./module.nix;
        default = self.nixosModules.sops;
      };
      homeManagerModules.sops = ./module.nix;
    };
}
