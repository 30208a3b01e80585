# Containers without a daemon. The docker command and socket are Podman's, unless Docker itself is
# on. Containers find each other by name. What is unused is removed once a week.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  docker = config.virtualisation.docker.enable;
in
{
  virtualisation = {
    containers.enable = lib.mkDefault true;
    podman = {
      enable = lib.mkDefault true;
      dockerCompat = lib.mkDefault (!docker);
      dockerSocket.enable = lib.mkDefault (!docker);
      defaultNetwork.settings.dns_enabled = lib.mkDefault true;
      autoPrune = {
        enable = lib.mkDefault true;
        flags = [ "--all" ];
      };
    };
  };

  environment.systemPackages = [ pkgs.podman-compose ];
}
