# What a hardware-configuration.nix of a QEMU guest imports.
{
  nixpkgs.profiles = [ "profiles/qemu-guest" ];
  boot.initrd.availableKernelModules = [
    "virtio_net"
    "virtio_pci"
    "virtio_blk"
    "virtio_scsi"
  ];
}
