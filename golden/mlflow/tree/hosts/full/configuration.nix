# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/mlflow.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # mlflow
      5001
    ];
    hostName = "full";
  };

  virtualisation.oci-containers.containers.mlflow = {
    environment = {
      MLFLOW_ARTIFACTS_DESTINATION = "s3://models/mlflow";
      MLFLOW_HOST = "0.0.0.0";
      MLFLOW_PORT = "5001";
      MLFLOW_SERVER_ALLOWED_HOSTS = "localhost:*,mlflow.example.org";
      MLFLOW_SERVER_CORS_ALLOWED_ORIGINS = "http*://localhost:*,http*://mlflow.example.org";
      MLFLOW_WORKERS = "4";
    };
    environmentFiles = [ "/etc/secrets/mlflow-env" ];
  };

  system.stateVersion = "26.05";
}
