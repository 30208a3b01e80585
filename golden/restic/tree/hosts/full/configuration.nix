# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/postgresql.nix
    ../../modules/restic.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "full";

  services = {
    postgresql = {
      ensureDatabases = [ "aidb" ];
      ensureUsers = [
        {
          ensureDBOwnership = true;
          name = "aidb";
        }
      ];
    };
    restic.backups = {
      cloud = {
        environmentFile = "/etc/secrets/restic-env";
        initialize = false;
        passwordFile = "/etc/secrets/restic-password";
        paths = [ "/srv" ];
        repositoryFile = "/etc/secrets/restic-repository";
        timerConfig = {
          OnCalendar = "daily";
          Persistent = true;
          RandomizedDelaySec = "1h";
        };
      };
      home = {
        exclude = [ "/home/*/.cache" ];
        extraOptions = [
          "sftp.args='-i /etc/restic/home.key -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o HostKeyAlias=restic-home'"
        ];
        initialize = true;
        passwordFile = "/etc/secrets/restic-password";
        paths = [
          "/home"
          "/var/backup"
        ];
        pruneOpts = [
          "--keep-daily 7"
          "--keep-weekly 5"
          "--keep-monthly 12"
        ];
        repository = "sftp:backup@nas:/backups/full";
        timerConfig = {
          OnCalendar = "03:30";
          Persistent = true;
          RandomizedDelaySec = "1h";
        };
      };
    };
  };

  programs.ssh.knownHosts.restic-home.publicKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS";

  environment.etc."restic/home.key".source = "/etc/secrets/restic-ssh-key";

  system.stateVersion = "26.05";
}
