# Vaultwarden, a server for the apps of Bitwarden, on the loopback with SQLite. Nobody can sign
# up; the administrator's page, which invites the first account, is there once it has a token.
#
# Browsers open a vault only by https or on localhost, so others reach it by a site of nginx.
{ config, lib, ... }:
let
  cfg = config.services.vaultwarden;
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "vaultwarden";
in
{
  services.vaultwarden = {
    enable = lib.mkDefault true;
    config = {
      # NixOS's own address and port are there only as long as nothing else is said here.
      ROCKET_ADDRESS = lib.mkDefault "127.0.0.1";
      ROCKET_PORT = lib.mkDefault 8222;
      # Addresses in mails and of attachments, and what passkeys are bound to.
      DOMAIN = lib.mkIf (sites != [ ]) (lib.mkDefault (lib.head sites).url);
      SIGNUPS_ALLOWED = lib.mkDefault false;
      INVITATIONS_ALLOWED = lib.mkDefault true;
    };
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    vaultwarden.servers."127.0.0.1:${toString cfg.config.ROCKET_PORT}" = { };
  };
}
