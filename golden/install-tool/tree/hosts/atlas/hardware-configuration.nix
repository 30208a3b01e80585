# Written by quick-deploy from what it found on the machine, in the style of
# nixos-generate-config. Settings of your own belong in local.nix.
{ lib, ... }:
{
  imports = [ ];

  boot = {
    initrd = {
      availableKernelModules = [ ];
      kernelModules = [ ];
    };
    kernelModules = [ ];
    extraModulePackages = [ ];
  };

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
}
