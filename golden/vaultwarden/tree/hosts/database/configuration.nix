# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/nginx.nix
    ../../modules/postgresql.nix
    ../../modules/vaultwarden.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # nginx
      80
      443
    ];
    hostName = "database";
  };

  security.acme = {
    acceptTerms = true;
    defaults.email = "hostmaster@example.org";
  };

  services = {
    nginx = {
      defaultListenAddresses = [
        "0.0.0.0"
        "[::0]"
      ];
      virtualHosts."vault.example.org" = {
        enableACME = true;
        forceSSL = true;
        locations."/" = {
          proxyPass = "http://vaultwarden";
          proxyWebsockets = true;
        };
      };
    };
    postgresql = {
      ensureDatabases = [
        "vaultwarden"
        "aidb"
      ];
      ensureUsers = [
        {
          ensureDBOwnership = true;
          name = "vaultwarden";
        }
        {
          ensureDBOwnership = true;
          name = "aidb";
        }
      ];
    };
    vaultwarden = {
      config.DATABASE_URL = "postgresql:///vaultwarden?host=/run/postgresql";
      dbBackend = "postgresql";
    };
  };

  systemd.services.vaultwarden = {
    after = [ "postgresql.target" ];
    requires = [ "postgresql.target" ];
  };

  system.stateVersion = "26.05";
}
