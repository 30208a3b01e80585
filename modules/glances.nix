# Glances as a web page on the loopback: what top shows, in a browser.
{ config, lib, ... }:
{
  services.glances = {
    enable = lib.mkDefault true;
    # One choice: an address can be bound once.
    extraArgs = lib.mkDefault [
      "--webserver"
      "--bind"
      "127.0.0.1"
      "--disable-check-update"
    ];
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    glances.servers."127.0.0.1:${toString config.services.glances.port}" = { };
  };
}
