# Virtual machines by libvirt and QEMU, with a software TPM and without root. Machines that run
# are suspended at shutdown and not started again by themselves.
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
