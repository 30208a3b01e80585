# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ config, inputs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/grafana.nix
    ../../modules/zram.nix
    inputs.sops-nix.nixosModules.sops
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  sops = {
    age.keyFile = "/var/lib/sops-nix/key.txt";
    defaultSopsFile = ./secrets.yaml;
    secrets.grafana-admin.owner = "grafana";
  };

  users.users.ada = {
    hashedPasswordFile = "/etc/secrets/ada-password";
    isNormalUser = true;
  };

  services.grafana.settings.security.admin_password =
    "$__file{/run/credentials/grafana.service/admin-password}";

  systemd.services.grafana.serviceConfig.LoadCredential = [
    "admin-password:${config.sops.secrets.grafana-admin.path}"
  ];

  system.stateVersion = "26.05";
}
