# A small stand-in for disko, written for quick-deploy's tests: it takes a layout of disks
# and derives fileSystems from it. It formats nothing.
{
  outputs =
    { self }:
    {
      nixosModules = {
        disko = ./module.nix;
        default = self.nixosModules.disko;
      };
    };
}
