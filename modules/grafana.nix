# Grafana on the loopback, port 3001, with what this machine measures already connected.
#
# Without secrets of your own, the administrator's password and the key that encrypts
# credentials of datasources are made on the first start; the password is then in
# /var/lib/grafana/admin-password.
{ config, lib, ... }:
let
  inherit (config) services;
  inherit (services.grafana) dataDir;
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "grafana";
in
{
  services.grafana = {
    enable = lib.mkDefault true;
    settings = {
      server = {
        http_addr = lib.mkDefault "127.0.0.1";
        http_port = lib.mkDefault 3001;
        domain = lib.mkDefault (if sites == [ ] then "localhost" else (lib.head sites).name);
        root_url = lib.mkIf (sites != [ ]) (lib.mkDefault "${(lib.head sites).url}/");
      };
      security = {
        admin_user = lib.mkDefault "admin";
        admin_password = lib.mkDefault "$__file{${dataDir}/admin-password}";
        secret_key = lib.mkDefault "$__file{${dataDir}/secret-key}";
        disable_gravatar = lib.mkDefault true;
      };
      users.allow_sign_up = lib.mkDefault false;
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

  systemd.services.grafana.preStart = lib.mkBefore ''
    for file in admin-password secret-key; do
      if ! test -s "${dataDir}/$file"; then
        (umask 077 && head -c 24 /dev/urandom | base64 > "${dataDir}/$file")
      fi
    done
  '';

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    grafana.servers."127.0.0.1:${toString services.grafana.settings.server.http_port}" = { };
  };
}
