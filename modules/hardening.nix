# Hardening without drawbacks in daily use: AppArmor, and kernel settings against common local and
# network attacks.
#
# Unprivileged user namespaces stay allowed: browsers, Flatpak and rootless containers build their
# sandboxes from them.
{ config, lib, ... }:
let
  # VPNs and exit nodes need a loose return-path check from the firewall, or none.
  strict = builtins.elem config.networking.firewall.checkReversePath [
    true
    "strict"
  ];
  rpFilter = if strict then 1 else 2;
in
{
  security = {
    # Modules and profiles in nixpkgs that set one of these with mkDefault win.
    apparmor.enable = lib.mkOverride 1100 true;
    # It also forbids hibernation, which needs a swap device.
    protectKernelImage = lib.mkOverride 1100 (config.swapDevices == [ ]);
    sudo.execWheelOnly = lib.mkDefault true;
  };

  boot.kernel.sysctl = lib.mapAttrs (_: lib.mkOverride 1100) {
    "kernel.dmesg_restrict" = 1;
    "kernel.unprivileged_bpf_disabled" = 1;
    "net.core.bpf_jit_harden" = 2;
    "net.ipv4.conf.all.accept_redirects" = 0;
    "net.ipv4.conf.all.rp_filter" = rpFilter;
    "net.ipv4.conf.default.accept_redirects" = 0;
    "net.ipv4.conf.default.rp_filter" = rpFilter;
    "net.ipv4.tcp_syncookies" = 1;
    "net.ipv6.conf.all.accept_redirects" = 0;
    "net.ipv6.conf.default.accept_redirects" = 0;
  };
}
