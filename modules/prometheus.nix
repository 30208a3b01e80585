# Prometheus on the loopback, scraping itself and the node exporter of this machine. Other services
# with metrics add themselves.
{ config, lib, ... }:
let
  inherit (config.services) prometheus;
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "prometheus";
  scrape = name: port: {
    job_name = name;
    static_configs = [ { targets = [ "127.0.0.1:${toString port}" ]; } ];
  };
in
{
  imports = [ ./node-exporter.nix ];

  services.prometheus = {
    enable = lib.mkDefault true;
    listenAddress = lib.mkDefault "127.0.0.1";
    webExternalUrl = lib.mkIf (sites != [ ]) (lib.mkDefault "${(lib.head sites).url}/");
    retentionTime = lib.mkDefault "30d";
    globalConfig.scrape_interval = lib.mkDefault "15s";

    scrapeConfigs = [
      (scrape "prometheus" prometheus.port)
    ]
    ++ lib.optional prometheus.exporters.node.enable (scrape "node" prometheus.exporters.node.port);
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    prometheus.servers."127.0.0.1:${toString prometheus.port}" = { };
  };
}
