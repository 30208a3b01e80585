# Builds and switches once a week, from the flake that the host names. It never reboots by itself:
# a new kernel waits for the next boot. The flake's lock file is not changed.
{ config, lib, ... }:
let
  flake = toString config.system.autoUpgrade.flake;
  # The folder, if it is one that may be a git repository.
  folder = lib.head (lib.splitString "?" (lib.removePrefix "git+file://" flake));
in
{
  system.autoUpgrade = {
    enable = lib.mkDefault true;
    # nixpkgs adds --flake to this list, so it must not be a default that can be overridden.
    flags = [
      "--no-write-lock-file"
      "--print-build-logs"
    ];
    # There are no channels to upgrade.
    upgrade = lib.mkDefault false;
    dates = lib.mkDefault "weekly";
    randomizedDelaySec = lib.mkDefault "1h";
  };

  # The upgrade runs as root, and Nix opens a repository that belongs to somebody else only if
  # /etc/gitconfig says that it is safe.
  programs.git = lib.mkIf (lib.hasPrefix "/" folder) {
    enable = lib.mkDefault true;
    config.safe.directory = [ folder ];
  };
}
