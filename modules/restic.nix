# Backups by restic. The command is there for restoring; each backup adds a timer, and a wrapper
# such as restic-home that knows its repository. Databases are dumped first, since files of a
# running database are no backup.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  environment.systemPackages = [ pkgs.restic ];

  services.postgresqlBackup = lib.mkIf config.services.postgresql.enable {
    enable = lib.mkDefault true;
    location = lib.mkDefault "/var/backup/postgresql";
    compression = lib.mkDefault "zstd";
    # Backups are daily, from midnight on, unless a host says otherwise.
    startAt = lib.mkDefault "*-*-* 23:15:00";
  };
}
