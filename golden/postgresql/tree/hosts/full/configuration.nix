# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{
  config,
  pkgs,
  inputs,
  ...
}:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/postgresql.nix
    ../../modules/zram.nix
    inputs.sops-nix.nixosModules.sops
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # postgresql
      5433
    ];
    hostName = "full";
  };

  sops = {
    age.keyFile = "/var/lib/sops-nix/key.txt";
    defaultSopsFile = ./secrets.yaml;
    secrets.aidb-password = { };
  };

  services.postgresql = {
    authentication = ''
      host all all all scram-sha-256
    '';
    enableTCPIP = true;
    ensureDatabases = [
      "aidb"
      "app"
    ];
    ensureUsers = [
      {
        ensureDBOwnership = true;
        name = "aidb";
      }
      {
        ensureDBOwnership = true;
        name = "app";
      }
      { name = "reporting"; }
    ];
    extensions = [ pkgs.postgresql17Packages.postgis ];
    package = pkgs.postgresql_17;
    settings = {
      effective_cache_size = "12GB";
      log_checkpoints = true;
      log_min_duration_statement = 250;
      maintenance_work_mem = "1GB";
      max_connections = 200;
      port = 5433;
      random_page_cost = 1.1;
      shared_buffers = "4GB";
      work_mem = "64MB";
    };
  };

  systemd.services.postgresql-setup.serviceConfig.LoadCredential = [
    "role-aidb:${config.sops.secrets.aidb-password.path}"
    "role-app:/etc/secrets/app-password"
  ];

  system.stateVersion = "26.05";
}
