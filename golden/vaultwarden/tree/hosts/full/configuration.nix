# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/vaultwarden.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # vaultwarden
      8223
    ];
    hostName = "full";
  };

  services.vaultwarden = {
    backupDir = "/var/backup/vaultwarden";
    config = {
      ADMIN_TOKEN_FILE = "/run/credentials/vaultwarden.service/admin-token";
      DOMAIN = "https://vault.example.org";
      INVITATIONS_ALLOWED = false;
      ROCKET_ADDRESS = "0.0.0.0";
      ROCKET_PORT = 8223;
      SENDS_ALLOWED = false;
      SIGNUPS_ALLOWED = true;
      SMTP_FROM = "vault@example.org";
      SMTP_HOST = "mail.example.org";
      SMTP_PORT = 587;
    };
    dbBackend = "sqlite";
    environmentFile = "/etc/secrets/vaultwarden-env";
  };

  systemd.services.vaultwarden.serviceConfig.LoadCredential = [
    "admin-token:/etc/secrets/vaultwarden-admin"
  ];

  system.stateVersion = "26.05";
}
