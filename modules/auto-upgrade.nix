# Builds and switches once a week, from the flake that this machine was installed from. It never reboots by itself: a new kernel waits for the next
# boot. The lock file of the flake stays as it is.
{ lib, ... }:
{
  system.autoUpgrade = {
    enable = lib.mkDefault true;
    flake = lib.mkDefault "/etc/nixos";
    # nixpkgs adds --flake to this list, so it must not be a default that gives way.
    flags = [
      "--no-write-lock-file"
      "--print-build-logs"
    ];
    # There are no channels to upgrade.
    upgrade = lib.mkDefault false;
    dates = lib.mkDefault "weekly";
    randomizedDelaySec = lib.mkDefault "1h";
    allowReboot = lib.mkDefault false;
  };
}
