# A small stand-in for colmena, written for quick-deploy's tests: it evaluates the nodes of a
# hive with the options that colmena adds to them.
{
  outputs =
    { self }:
    {
      lib.makeHive = import ./hive.nix;
      nixosModules.deploymentOptions = ./deployment.nix;
    };
}
