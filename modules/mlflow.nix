# MLflow's tracking server, as a container on the loopback of the host: runs in SQLite, artifacts
# in files. It has no login. nixpkgs has no module for it, and its package often fails to build.
{ config, lib, ... }:
let
  environment = config.virtualisation.oci-containers.containers.mlflow.environment or { };
  # A folder other than the one below, or an address.
  artifacts = environment.MLFLOW_ARTIFACTS_DESTINATION or "";
  elsewhere = lib.hasPrefix "/" artifacts && !lib.hasPrefix "/var/lib/mlflow/" artifacts;
  port = environment.MLFLOW_PORT or "5000";
  # The machine's own names, and those of its sites.
  inherit (config.networking) domain hostName;
  names = [ hostName ] ++ lib.optional (domain != null) "${hostName}.${domain}";
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "mlflow";
  # The hosts that MLflow allows by default (mlflow/server/security_utils.py).
  hosts =
    lib.concatMap (host: [
      host
      "${host}:*"
    ]) ([ "localhost" "127.0.0.1" ] ++ names)
    ++ [
      "10.*"
      "192.168.*"
    ]
    ++ map (n: "172.${toString n}.*") (lib.range 16 31)
    ++ map (site: site.name) sites;
  origins = map (name: "http://${name}:*") names ++ map (site: site.url) sites;
in
{
  virtualisation.oci-containers.containers.mlflow = {
    image = lib.mkDefault "ghcr.io/mlflow/mlflow:v3.14.0";
    # One choice: a command.
    cmd = lib.mkDefault [
      "mlflow"
      "server"
    ];
    environment = {
      MLFLOW_HOST = lib.mkDefault "127.0.0.1";
      MLFLOW_PORT = lib.mkDefault "5000";
      MLFLOW_BACKEND_STORE_URI = lib.mkDefault "sqlite:////var/lib/mlflow/mlflow.db";
      MLFLOW_ARTIFACTS_DESTINATION = lib.mkDefault "/var/lib/mlflow/artifacts";
      MLFLOW_WORKERS = lib.mkDefault "2";
      MLFLOW_DISABLE_TELEMETRY = lib.mkDefault "true";
      # It answers only to known hosts, and accepts changes only from known origins.
      MLFLOW_SERVER_ALLOWED_HOSTS = lib.mkDefault (lib.concatStringsSep "," hosts);
      MLFLOW_SERVER_CORS_ALLOWED_ORIGINS = lib.mkDefault (lib.concatStringsSep "," origins);
    };
    volumes = [
      "/var/lib/mlflow:/var/lib/mlflow"
    ]
    ++ lib.optional elsewhere "${artifacts}:${artifacts}";
    # One choice: it cannot be combined with another network.
    networks = lib.mkDefault [ "host" ];
  };

  systemd.tmpfiles.settings.mlflow = {
    "/var/lib/mlflow".d.mode = "0700";
  }
  # Created only if missing: an existing folder keeps its owner and its mode.
  // lib.optionalAttrs elsewhere { ${artifacts}.d.mode = ":0700"; };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    mlflow.servers."127.0.0.1:${port}" = { };
  };
}
