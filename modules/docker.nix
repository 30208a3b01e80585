# Docker. Members of the group docker are as powerful as root, so nobody is added to it here.
# Published container ports bypass the firewall, so publish them on 127.0.0.1.
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
