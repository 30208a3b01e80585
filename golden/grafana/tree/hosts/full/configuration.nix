# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/grafana.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # grafana
      3003
    ];
    hostName = "full";
  };

  services.grafana.settings = {
    "auth.anonymous".enabled = true;
    security = {
      admin_password = "$__file{/run/credentials/grafana.service/admin-password}";
      admin_user = "ada";
      secret_key = "$__file{/run/credentials/grafana.service/secret-key}";
    };
    server = {
      domain = "grafana.example.org";
      http_addr = "0.0.0.0";
      http_port = 3003;
      root_url = "https://grafana.example.org/";
    };
  };

  systemd.services.grafana.serviceConfig.LoadCredential = [
    "admin-password:/etc/secrets/grafana-admin"
    "secret-key:/etc/secrets/grafana-key"
  ];

  system.stateVersion = "26.05";
}
