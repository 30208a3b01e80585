# Meilisearch, a full-text search engine, on the loopback and without analytics. Without a master
# key, everybody on this machine may use it.
{ config, lib, ... }:
{
  services.meilisearch = {
    enable = lib.mkDefault true;
    listenAddress = lib.mkDefault "127.0.0.1";
    settings.no_analytics = lib.mkDefault true;
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    meilisearch.servers."127.0.0.1:${toString config.services.meilisearch.listenPort}" = { };
  };
}
