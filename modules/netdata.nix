# Netdata on the loopback: live charts of everything on this machine, without the cloud. Its web
# page has its own license, which is not free; without this option nixpkgs builds no page at all.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  services.netdata = {
    enable = lib.mkDefault true;
    package = lib.mkDefault (pkgs.netdata.override { withCloudUi = true; });
    # A section is one value here: a host that sets one of its keys has to set all of them.
    config.web = lib.mkDefault {
      "bind to" = "127.0.0.1";
      "default port" = 19999;
    };
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    netdata.servers."127.0.0.1:${toString config.services.netdata.config.web."default port"}" = { };
  };
}
