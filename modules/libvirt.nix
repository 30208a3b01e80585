# Virtual machines with libvirt and QEMU, with a software TPM and without root. Running machines
# are suspended at shutdown and do not start again by themselves.
{ lib, ... }:
{
  virtualisation.libvirtd = {
    enable = lib.mkDefault true;
    onBoot = lib.mkDefault "ignore";
    qemu = {
      runAsRoot = lib.mkDefault false;
      swtpm.enable = lib.mkDefault true;
    };
  };
}
