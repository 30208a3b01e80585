# Docker. Whoever is in the group docker is root; nobody is put there here. Ports that a container
# publishes pass by the firewall: publish on 127.0.0.1.
{ lib, pkgs, ... }:
{
  virtualisation.docker = {
    enable = lib.mkDefault true;
    autoPrune = {
      enable = lib.mkDefault true;
      flags = [ "--all" ];
    };
  };

  environment.systemPackages = [ pkgs.docker-compose ];
}
