# Written by quick-deploy from quick-deploy.yaml.
#
# Edit the profile, or local.nix beside this file.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  imports = [
    ./hardware-configuration.nix
    # services
    ../../modules/postgresql.nix
    ./local.nix
  ];

  networking = {
    hostName = "atlas";
    firewall.allowedTCPPorts = [
      80
      443
    ];
  };

  # Stays as it was at the first installation.
  system.stateVersion = "26.05";

  users.users.ada = {
    isNormalUser = true;
    shell = pkgs.zsh;
    extraGroups = [ "wheel" ];
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExampl ada@laptop, a long one"
    ];
  };
  environment.systemPackages = [
    pkgs.git
    pkgs.ripgrep
    pkgs."7zz"
  ];
  services = {
    postgresql = {
      enable = lib.mkDefault true;
      ensureDatabases = [ "aidb" ];
      package = pkgs.postgresql_17;
    };
    nginx.virtualHosts."www.example.org".locations."/" = {
      proxyPass = "http://127.0.0.1:3000";
      extraConfig = ''
        proxy_set_header Host $host;
        proxy_buffering off;
      '';
    };
    grafana.settings.server.domain = lib.mkIf config.services.nginx.enable "www.example.org";
    empty = { };
    none = [ ];
  };
}
