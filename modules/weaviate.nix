# Weaviate, a vector database, as a container on the loopback and without telemetry.
{ lib, ... }:
{
  virtualisation.oci-containers.containers.weaviate = {
    image = lib.mkDefault "cr.weaviate.io/semitechnologies/weaviate:1.37.4";
    environment = {
      AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED = lib.mkDefault "true";
      PERSISTENCE_DATA_PATH = lib.mkDefault "/var/lib/weaviate";
      CLUSTER_HOSTNAME = lib.mkDefault "node1";
      QUERY_DEFAULTS_LIMIT = lib.mkDefault "25";
      DISABLE_TELEMETRY = lib.mkDefault "true";
    };
    # One choice: the loopback, or what a host exposes.
    ports = lib.mkDefault [
      "127.0.0.1:8085:8080"
      "127.0.0.1:50051:50051"
    ];
    volumes = [ "/var/lib/weaviate:/var/lib/weaviate" ];
  };

  systemd.tmpfiles.settings.weaviate."/var/lib/weaviate".d.mode = "0700";
}
