# A Forgejo forge on the loopback with SQLite, its own SSH server, LFS, packages and actions.
# Nobody can sign up; create the administrator on the command line:
#
#   sudo -u forgejo forgejo admin user create --admin --username ada --email ada@example.org \
#     --random-password --config /var/lib/forgejo/custom/conf/app.ini
#
# nixpkgs creates the secrets of the instance on the first start, outside the store.
{ config, lib, ... }:
let
  cfg = config.services.forgejo;
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "forgejo";
in
{
  services.forgejo = {
    enable = lib.mkDefault true;
    lfs.enable = lib.mkDefault true;
    settings = {
      server = {
        HTTP_ADDR = lib.mkDefault "127.0.0.1";
        # Gitea uses 3000 and 2222.
        HTTP_PORT = lib.mkDefault 3002;
        # Clone addresses, and those that links point to.
        DOMAIN = lib.mkDefault (if sites == [ ] then "localhost" else (lib.head sites).name);
        ROOT_URL = lib.mkIf (sites != [ ]) (lib.mkDefault "${(lib.head sites).url}/");
        START_SSH_SERVER = lib.mkDefault true;
        SSH_LISTEN_HOST = lib.mkDefault "127.0.0.1";
        SSH_PORT = lib.mkDefault 2223;
        BUILTIN_SSH_SERVER_USER = lib.mkDefault "git";
      };
      service.DISABLE_REGISTRATION = lib.mkDefault true;
      session.COOKIE_SECURE = lib.mkDefault (lib.hasPrefix "https://" cfg.settings.server.ROOT_URL);
      repository.DEFAULT_BRANCH = lib.mkDefault "main";
      indexer.REPO_INDEXER_ENABLED = lib.mkDefault true;
      packages.ENABLED = lib.mkDefault true;
      actions.ENABLED = lib.mkDefault true;
    };
  };

  environment.systemPackages = [ cfg.package ];

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    forgejo.servers."127.0.0.1:${toString cfg.settings.server.HTTP_PORT}" = { };
  };
}
