# nginx as the reverse proxy of this machine, with nixpkgs' recommended settings (gzip, TLS,
# proxy headers). Every web service of this machine is an upstream under its own name, so a
# virtual host proxies to http://grafana, whatever port Grafana listens on.
#
# It listens on the loopback until a profile exposes it.
{ config, lib, ... }:
let
  inherit (config) services;
  inherit (config.virtualisation.oci-containers) containers;
  upstream = port: { servers."127.0.0.1:${toString port}" = { }; };
in
{
  services.nginx = {
    enable = lib.mkDefault true;
    # One choice: the loopback, or what a host exposes.
    defaultListenAddresses = lib.mkDefault (
      [ "127.0.0.1" ] ++ lib.optional config.networking.enableIPv6 "[::1]"
    );

    recommendedGzipSettings = lib.mkDefault true;
    recommendedOptimisation = lib.mkDefault true;
    recommendedProxySettings = lib.mkDefault true;
    recommendedTlsSettings = lib.mkDefault true;
    # Websockets and answers that a model writes slowly.
    proxyTimeout = lib.mkDefault "300s";
    clientMaxBodySize = lib.mkDefault "100m";

    upstreams = lib.mkMerge [
      (lib.mkIf services.forgejo.enable {
        forgejo = upstream services.forgejo.settings.server.HTTP_PORT;
      })
      (lib.mkIf services.gitea.enable { gitea = upstream services.gitea.settings.server.HTTP_PORT; })
      (lib.mkIf services.glances.enable { glances = upstream services.glances.port; })
      (lib.mkIf services.grafana.enable {
        grafana = upstream services.grafana.settings.server.http_port;
      })
      (lib.mkIf services.jupyter.enable { jupyter = upstream services.jupyter.port; })
      (lib.mkIf services.llama-cpp.enable { llama-cpp = upstream services.llama-cpp.arguments.port; })
      (lib.mkIf services.meilisearch.enable { meilisearch = upstream services.meilisearch.listenPort; })
      (lib.mkIf (containers ? mlflow) { mlflow = upstream containers.mlflow.environment.MLFLOW_PORT; })
      (lib.mkIf services.netdata.enable {
        netdata = upstream services.netdata.config.web."default port";
      })
      (lib.mkIf services.ollama.enable { ollama = upstream services.ollama.port; })
      (lib.mkIf services.open-webui.enable { open-webui = upstream services.open-webui.port; })
      (lib.mkIf services.prometheus.enable { prometheus = upstream services.prometheus.port; })
      (lib.mkIf services.qdrant.enable { qdrant = upstream services.qdrant.settings.service.http_port; })
      (lib.mkIf services.typesense.enable {
        typesense = upstream services.typesense.settings.server.api-port;
      })
    ];
  };
}
