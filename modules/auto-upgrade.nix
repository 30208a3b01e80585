# Builds and switches to the newest packages of the release once a week, from the flake that
# this machine was installed from. It never reboots by itself: a new kernel waits for the next
# boot. The lock file of the flake stays as it is.
{ lib, ... }:
{
  system.autoUpgrade = {
    enable = lib.mkDefault true;
    flake = lib.mkDefault "/etc/nixos";
    flags = lib.mkDefault [
      "--update-input"
      "nixpkgs"
      "--no-write-lock-file"
      "--print-build-logs"
    ];
    dates = lib.mkDefault "weekly";
    randomizedDelaySec = lib.mkDefault "1h";
    allowReboot = lib.mkDefault false;
  };
}
