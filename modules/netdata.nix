# Netdata on the loopback: live charts of everything in this machine, without the cloud.
{ lib, ... }:
{
  services.netdata = {
    enable = lib.mkDefault true;
    enableAnalyticsReporting = lib.mkDefault false;
    # One section is one value here: a host that sets a key of it sets them all.
    config.web = lib.mkDefault {
      "bind to" = "127.0.0.1";
      "default port" = 19999;
    };
  };
}
