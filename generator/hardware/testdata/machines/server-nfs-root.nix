# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
{
  config,
  lib,
  modulesPath,
  ...
}:
{
  imports = [ (modulesPath + "/installer/scan/not-detected.nix") ];

  boot = {
    initrd = {
      availableKernelModules = [
        "xhci_pci"
        "e1000e"
      ];
      kernelModules = [ ];
      network = {
        # / is on a network server.
        enable = lib.mkDefault true;
        flushBeforeStage2 = lib.mkDefault false;
      };
    };
    kernelModules = [ "kvm-intel" ];
    extraModulePackages = [ ];
    loader = {
      systemd-boot = {
        enable = lib.mkDefault true;
        configurationLimit = lib.mkDefault 10;
      };
      efi.canTouchEfiVariables = lib.mkDefault true;
    };
    kernelParams = [ "ip=dhcp" ];
  };

  fileSystems = {
    "/" = {
      device = "192.0.2.10:/srv/roots/atlas";
      fsType = "nfs";
      options = [
        "vers=3"
        "nolock"
      ];
    };
    "/home" = {
      device = "192.0.2.10:/srv/home";
      fsType = "nfs4";
      options = [
        "vers=4.2"
        "nofail"
      ];
    };
  };

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware.cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;

  services.thermald.enable = lib.mkDefault true;
}
