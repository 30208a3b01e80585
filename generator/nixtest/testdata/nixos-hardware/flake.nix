# A small stand-in for nixos-hardware, written for quick-deploy's tests: the names of modules,
# each of them with one default that says that it was imported.
{
  outputs =
    { self }:
    {
      nixosModules = builtins.listToAttrs (
        map
          (name: {
            inherit name;
            value =
              { lib, ... }:
              {
                _file = "nixos-hardware/${name}";
                hardware.enableRedistributableFirmware = lib.mkDefault true;
              };
          })
          (
            builtins.filter (w: builtins.isString w && w != "") (
              builtins.split "\n" (builtins.readFile ./names.txt)
            )
          )
      );
    };
}
