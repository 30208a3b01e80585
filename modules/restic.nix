# Backups with restic. The command is installed for restoring; each backup adds a timer and a
# wrapper such as restic-home that knows its repository. Before each backup, databases are dumped to
# /var/backup, since the files of a running database are not a backup.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config) services;
  inherit (config.virtualisation.oci-containers) containers;
  inherit (services.restic) backups;

  vaultwarden = services.vaultwarden or { };
  database = vaultwarden.dbBackend or "sqlite";
  # The folder of its state; an old one is named after bitwarden_rs.
  directory = config.systemd.services.vaultwarden.serviceConfig.StateDirectory or "vaultwarden";

  # The SQLite databases of this machine, by the service that writes each.
  sqlite =
    lib.optionalAttrs (services.forgejo.enable && services.forgejo.database.type == "sqlite3") {
      forgejo = services.forgejo.database.path;
    }
    // lib.optionalAttrs (services.gitea.enable && services.gitea.database.type == "sqlite3") {
      gitea = services.gitea.database.path;
    }
    // lib.optionalAttrs services.grafana.enable {
      grafana = "${services.grafana.dataDir}/data/grafana.db";
    }
    // lib.optionalAttrs services.open-webui.enable {
      open-webui = "${services.open-webui.stateDir}/data/webui.db";
    }
    // lib.optionalAttrs (vaultwarden.enable or false && database == "sqlite") {
      vaultwarden = "/var/lib/${directory}/db.sqlite3";
    }
    // lib.optionalAttrs (containers ? mlflow) { mlflow = "/var/lib/mlflow/mlflow.db"; };

  dumps =
    lib.optionals services.postgresqlBackup.enable (
      if services.postgresqlBackup.databases == [ ] then
        [ "postgresqlBackup.service" ]
      else
        map (database: "postgresqlBackup-${database}.service") services.postgresqlBackup.databases
    )
    ++ lib.optional (sqlite != { }) "sqlite-backup.service";
in
{
  environment.systemPackages = [ pkgs.restic ];

  services.postgresqlBackup = lib.mkIf services.postgresql.enable {
    enable = lib.mkDefault true;
    compression = lib.mkDefault "zstd";
    # Daily, even without any backup below.
    startAt = lib.mkDefault "*-*-* 23:15:00";
  };

  systemd.services = lib.mkMerge [
    (lib.mapAttrs' (
      name: backup:
      lib.nameValuePair "restic-backups-${name}" {
        wants = dumps;
        after = dumps;
        # Not into the empty folder where a disk should be mounted.
        unitConfig = lib.mkIf (lib.hasPrefix "/" (toString backup.repository)) {
          RequiresMountsFor = backup.repository;
        };
      }
    ) backups)
    (lib.mkIf (sqlite != { }) {
      sqlite-backup = {
        description = "Copies of the databases in SQLite";
        path = [ pkgs.sqlite ];
        serviceConfig = {
          Type = "oneshot";
          UMask = "0077";
        };
        # SQLite makes a consistent copy even while the service writes. A service that has never
        # started has no database.
        script = ''
          copy() {
            rm -f "/var/backup/sqlite/$1.db.new"
            test ! -e "$2" || {
              sqlite3 -readonly "$2" ".timeout 60000" ".backup /var/backup/sqlite/$1.db.new" &&
                mv "/var/backup/sqlite/$1.db.new" "/var/backup/sqlite/$1.db"
            } || failed=1
          }
          failed=0
          ${lib.concatLines (
            lib.mapAttrsToList (name: file: "copy ${name} ${lib.escapeShellArg file}") sqlite
          )}
          exit $failed
        '';
      };
    })
  ];

  systemd.tmpfiles.settings.sqlite-backup = lib.mkIf (sqlite != { }) {
    "/var/backup/sqlite".d.mode = "0700";
  };
}
