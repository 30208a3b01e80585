# Qdrant, a vector database, on the loopback and without telemetry.
{ config, lib, ... }:
{
  services.qdrant = {
    enable = lib.mkDefault true;
    settings = {
      service = {
        host = lib.mkDefault "127.0.0.1";
        http_port = lib.mkDefault 6333;
        grpc_port = lib.mkDefault 6334;
      };
      storage = {
        storage_path = lib.mkDefault "/var/lib/qdrant/storage";
        snapshots_path = lib.mkDefault "/var/lib/qdrant/snapshots";
        # Stronger than nixpkgs' own default.
        hnsw_index.on_disk = lib.mkOverride 900 true;
      };
      telemetry_disabled = lib.mkDefault true;
    };
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    qdrant.servers."127.0.0.1:${toString config.services.qdrant.settings.service.http_port}" = { };
  };
}
