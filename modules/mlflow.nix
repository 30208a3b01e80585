# MLflow's tracking server as a container, on the loopback of the host: runs in SQLite, artifacts
# in files. It has no accounts. nixpkgs has no module for it, and its package often fails to build.
{ lib, ... }:
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
    };
    volumes = [ "/var/lib/mlflow:/var/lib/mlflow" ];
    # One choice: it goes with no other network.
    networks = lib.mkDefault [ "host" ];
  };

  systemd.tmpfiles.settings.mlflow."/var/lib/mlflow".d.mode = "0700";
}
