# PostgreSQL 16 for the applications of this machine: peer authentication on the socket,
# SCRAM passwords over TCP, loopback only, pgvector, and memory settings that suit analytical queries
# and embeddings better than the cautious ones of upstream.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  services.postgresql = {
    enable = lib.mkDefault true;
    # A new major version needs a migration of the data, so this never follows stateVersion. It is
    # stronger than the default in nixpkgs.
    package = lib.mkOverride 900 pkgs.postgresql_16;
    # In addition to what other modules need: a default would give way to theirs, and existing
    # indexes could no longer be read.
    extensions = ps: [ ps.pgvector ];

    # The first line that matches decides; nixpkgs appends its own md5 lines below these.
    authentication = ''
      local all postgres peer map=postgres
      local all all peer
      host all all 127.0.0.1/32 scram-sha-256
      host all all ::1/128 scram-sha-256
    '';

    settings = {
      password_encryption = lib.mkDefault "scram-sha-256";
      max_connections = lib.mkDefault 100;
      shared_buffers = lib.mkDefault "256MB";
      effective_cache_size = lib.mkDefault "1GB";
      work_mem = lib.mkDefault "16MB";
      maintenance_work_mem = lib.mkDefault "128MB";
    };
  };

  # Passwords of roles are credentials named role-NAME. psql reads them from their files, so they
  # never appear in the store, in arguments or in the environment.
  systemd.services.postgresql-setup.script = lib.mkAfter ''
    for file in "''${CREDENTIALS_DIRECTORY:-/run/credentials/none}"/role-*; do
      test -s "$file" || continue
      psql -d postgres -v ON_ERROR_STOP=1 -v file="$file" -v role="''${file##*/role-}" <<'SQL'
    \set password `cat :'file'`
    ALTER ROLE :"role" PASSWORD :'password';
    SQL
    done
  '';

  services.prometheus = lib.mkIf config.services.prometheus.enable {
    exporters.postgres = {
      enable = lib.mkDefault true;
      listenAddress = lib.mkDefault "127.0.0.1";
      runAsLocalSuperUser = lib.mkDefault true;
    };
    scrapeConfigs = lib.mkIf config.services.prometheus.exporters.postgres.enable [
      {
        job_name = "postgresql";
        static_configs = [
          { targets = [ "127.0.0.1:${toString config.services.prometheus.exporters.postgres.port}" ]; }
        ];
      }
    ];
  };
}
