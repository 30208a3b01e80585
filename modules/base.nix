# The ground every machine stands on: flakes instead of channels, a store that
# cleans up after itself, a firewall, and sudo for administrators only.
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
    # Generations that a rollback record names are held by garbage collector roots of their own.
    gc = {
      automatic = lib.mkDefault true;
      dates = lib.mkDefault "weekly";
      options = lib.mkDefault "--delete-older-than 30d";
    };
  };

  # nixpkgs has the firewall on; the images of clouds that have one of their own leave it out.
  networking.firewall.logRefusedConnections = lib.mkDefault false;

  security = {
    polkit.enable = lib.mkDefault true;
    sudo.execWheelOnly = lib.mkDefault true;
  };

  console.font = lib.mkDefault "Lat2-Terminus16";

  # Nix needs git to read a flake that is kept in a repository.
  environment.systemPackages = [ pkgs.git ];
}
