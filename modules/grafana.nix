# Grafana on the loopback, port 3001, already connected to the metrics and logs of this machine.
#
# Without your own secrets, the administrator's password and the key that encrypts the credentials
# of data sources are created on the first start; the password is then in
# /var/lib/grafana/admin-password. A Grafana from before NixOS 26.05 encrypted them with Grafana's
# built-in key and keeps that key: with a new one they would be lost.
{ config, lib, ... }:
let
  inherit (config) services;
  inherit (services.grafana) dataDir settings;
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "grafana";
in
{
  services.grafana = {
    enable = lib.mkDefault true;
    settings = {
      server = {
        http_port = lib.mkDefault 3001;
        domain = lib.mkIf (sites != [ ]) (lib.mkDefault (lib.head sites).name);
        root_url = lib.mkIf (sites != [ ]) (lib.mkDefault "${(lib.head sites).url}/");
      };
      security = {
        admin_password = lib.mkDefault "$__file{${dataDir}/admin-password}";
        secret_key = lib.mkDefault "$__file{${dataDir}/secret-key}";
        disable_gravatar = lib.mkDefault true;
      };
      # Set here because it was on in NixOS for a long time.
      analytics.reporting_enabled = lib.mkDefault false;
    };

    provision = {
      enable = lib.mkDefault true;
      datasources.settings.datasources = lib.mkMerge [
        (lib.mkIf services.prometheus.enable [
          {
            name = "Prometheus";
            type = "prometheus";
            url = "http://127.0.0.1:${toString services.prometheus.port}";
            isDefault = true;
          }
        ])
        (lib.mkIf services.loki.enable [
          {
            name = "Loki";
            type = "loki";
            url = "http://127.0.0.1:${toString services.loki.configuration.server.http_listen_port}";
          }
        ])
      ];
    };
  };

  systemd.services.grafana.preStart = lib.mkBefore (
    lib.optionalString (settings.security.secret_key == "$__file{${dataDir}/secret-key}") ''
      if ! test -s "${dataDir}/secret-key" && test -s "${dataDir}/data/grafana.db"; then
        echo "keeping the key that Grafana comes with, which everybody knows" >&2
        (umask 077 && printf SW2YcwTIb9zpOOhoPsMm > "${dataDir}/secret-key")
      fi
    ''
    + ''
      for file in admin-password secret-key; do
        if ! test -s "${dataDir}/$file"; then
          (umask 077 && head -c 24 /dev/urandom | base64 > "${dataDir}/$file")
        fi
      done
    ''
  );

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    grafana.servers."127.0.0.1:${toString settings.server.http_port}" = { };
  };

  services.prometheus.scrapeConfigs = lib.mkIf config.services.prometheus.enable [
    {
      job_name = "grafana";
      static_configs = [ { targets = [ "127.0.0.1:${toString settings.server.http_port}" ]; } ];
    }
  ];
}
