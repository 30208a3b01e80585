# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/fail2ban.nix
    ../../modules/forgejo.nix
    ../../modules/fwupd.nix
    ../../modules/grafana.nix
    ../../modules/hardening.nix
    ../../modules/loki.nix
    ../../modules/node-exporter.nix
    ../../modules/openssh.nix
    ../../modules/podman.nix
    ../../modules/postgresql.nix
    ../../modules/prometheus.nix
    ../../modules/redis.nix
    ../../modules/syncthing.nix
    ../../modules/tailscale.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  i18n.defaultLocale = "en_US.UTF-8";

  users.users.ada = {
    extraGroups = [
      "networkmanager"
      "wheel"
    ];
    isNormalUser = true;
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada@example.org"
    ];
  };

  services.postgresql = {
    ensureDatabases = [ "aidb" ];
    ensureUsers = [
      {
        ensureDBOwnership = true;
        name = "aidb";
      }
    ];
  };

  environment.systemPackages = [
    # network: Network clients and diagnosis
    pkgs.curl
    pkgs.doggo
    pkgs.mosh
    pkgs.mtr
    pkgs.netcat-gnu
    pkgs.nmap
    pkgs.socat
    pkgs.wget
    # observability: Looking at a running machine
    pkgs.btop
    pkgs.glances
    pkgs.htop
    pkgs.lsof
    pkgs.pciutils
    pkgs.strace
    pkgs.usbutils
  ];

  system.stateVersion = "26.05";
}
