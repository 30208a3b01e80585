# The base of every machine: flakes instead of channels, a store that cleans up
# after itself, a firewall, and sudo for administrators only.
{ lib, pkgs, ... }:
{
  nix = {
    channel.enable = lib.mkDefault false;
    settings = {
      experimental-features = [
        "nix-command"
        "flakes"
      ];
      # Instead of nix.optimise, which does the same once a week.
      auto-optimise-store = lib.mkDefault true;
      # People may build, system services may not. Nobody but root is trusted: a trusted
      # user can become root without sudo.
      allowed-users = [
        "@users"
        "@wheel"
      ];
    };
    # Generations that a rollback record names have their own garbage collector roots.
    gc = {
      automatic = lib.mkDefault true;
      dates = lib.mkDefault "weekly";
      options = lib.mkDefault "--delete-older-than 30d";
    };
  };

  # The firewall is on in nixpkgs, except in images for clouds that have their own.
  networking.firewall.logRefusedConnections = lib.mkDefault false;

  security = {
    polkit.enable = lib.mkDefault true;
    sudo.execWheelOnly = lib.mkDefault true;
  };

  console.font = lib.mkDefault "Lat2-Terminus16";

  # Nix needs git to read a flake in a git repository.
  environment.systemPackages = [ pkgs.git ];
}
