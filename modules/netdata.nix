# Netdata on the loopback: live charts of everything in this machine, without the cloud. Its page
# has a licence of its own, which is not free; without that option nixpkgs builds no page at all.
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
    # One section is one value here: a host that sets a key of it sets them all.
    config.web = lib.mkDefault {
      "bind to" = "127.0.0.1";
      "default port" = 19999;
    };
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    netdata.servers."127.0.0.1:${toString config.services.netdata.config.web."default port"}" = { };
  };
}
