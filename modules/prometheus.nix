# Prometheus on the loopback, scraping this machine: the node exporter, and every other
# service here that can be measured.
{ config, lib, ... }:
let
  inherit (config) services;
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "prometheus";
  scrape = name: port: {
    job_name = name;
    static_configs = [ { targets = [ "127.0.0.1:${toString port}" ]; } ];
  };
in
{
  services.prometheus = {
    enable = lib.mkDefault true;
    listenAddress = lib.mkDefault "127.0.0.1";
    port = lib.mkDefault 9090;
    webExternalUrl = lib.mkIf (sites != [ ]) (lib.mkDefault "${(lib.head sites).url}/");
    retentionTime = lib.mkDefault "30d";
    globalConfig.scrape_interval = lib.mkDefault "15s";

    exporters = {
      node = {
        # Weaker than what node-exporter.nix sets, so that a host may use both.
        enable = lib.mkOverride 1100 true;
        listenAddress = lib.mkOverride 1100 "127.0.0.1";
        # One choice: a host names all that it wants.
        enabledCollectors = lib.mkOverride 1100 [
          "cpu"
          "diskstats"
          "meminfo"
          "processes"
          "systemd"
        ];
      };
      postgres = lib.mkIf services.postgresql.enable {
        enable = lib.mkDefault true;
        listenAddress = lib.mkDefault "127.0.0.1";
        runAsLocalSuperUser = lib.mkDefault true;
      };
    };

    scrapeConfigs = lib.mkMerge [
      [ (scrape "prometheus" services.prometheus.port) ]
      (lib.mkIf services.prometheus.exporters.node.enable [
        (scrape "node" services.prometheus.exporters.node.port)
      ])
      (lib.mkIf services.prometheus.exporters.postgres.enable [
        (scrape "postgresql" services.prometheus.exporters.postgres.port)
      ])
      (lib.mkIf services.grafana.enable [ (scrape "grafana" services.grafana.settings.server.http_port) ])
      (lib.mkIf services.loki.enable [
        (scrape "loki" services.loki.configuration.server.http_listen_port)
      ])
      (lib.mkIf services.qdrant.enable [ (scrape "qdrant" services.qdrant.settings.service.http_port) ])
    ];
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    prometheus.servers."127.0.0.1:${toString services.prometheus.port}" = { };
  };
}
