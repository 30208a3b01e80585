# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
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
