# MLflow's tracking server on the loopback: runs in SQLite, artifacts in files. nixpkgs has the
# package but no module for it, so this is a unit of its own, set by MLflow's environment variables.
{ lib, pkgs, ... }:
{
  systemd.services.mlflow = {
    description = "MLflow tracking server";
    wantedBy = [ "multi-user.target" ];
    after = [ "network.target" ];
    environment = {
      MLFLOW_HOST = lib.mkDefault "127.0.0.1";
      MLFLOW_PORT = lib.mkDefault "5000";
      MLFLOW_BACKEND_STORE_URI = lib.mkDefault "sqlite:////var/lib/mlflow/mlflow.db";
      MLFLOW_ARTIFACTS_DESTINATION = lib.mkDefault "/var/lib/mlflow/artifacts";
      MLFLOW_WORKERS = lib.mkDefault "2";
      HOME = "/var/lib/mlflow";
    };
    serviceConfig = {
      ExecStart = "${lib.getExe' pkgs.mlflow-server "mlflow"} server";
      Restart = "on-failure";
      DynamicUser = true;
      StateDirectory = "mlflow";
      WorkingDirectory = "/var/lib/mlflow";
      UMask = "0077";
      CapabilityBoundingSet = "";
      LockPersonality = true;
      NoNewPrivileges = true;
      PrivateDevices = true;
      PrivateTmp = true;
      PrivateUsers = true;
      ProtectClock = true;
      ProtectControlGroups = true;
      ProtectHome = true;
      ProtectHostname = true;
      ProtectKernelLogs = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      ProtectSystem = "strict";
      RestrictAddressFamilies = [
        "AF_INET"
        "AF_INET6"
        "AF_UNIX"
      ];
      RestrictNamespaces = true;
      RestrictRealtime = true;
      RestrictSUIDSGID = true;
      SystemCallArchitectures = "native";
    };
  };
}
