# Vaultwarden, a server for the Bitwarden apps, on the loopback with SQLite. Nobody can sign up;
# with a token, there is an administrator's page that invites the first user.
#
# Browsers open a vault only over HTTPS or on localhost, so others reach it through an nginx site.
{ config, lib, ... }:
let
  cfg = config.services.vaultwarden;
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "vaultwarden";
in
{
  services.vaultwarden = {
    enable = lib.mkDefault true;
    config = {
      # NixOS sets its own address and port only as long as nothing is set here.
      ROCKET_ADDRESS = lib.mkDefault "127.0.0.1";
      ROCKET_PORT = lib.mkDefault 8222;
      # Used in e-mails and for attachments, and passkeys are bound to it.
      DOMAIN = lib.mkIf (sites != [ ]) (lib.mkDefault (lib.head sites).url);
      SIGNUPS_ALLOWED = lib.mkDefault false;
      INVITATIONS_ALLOWED = lib.mkDefault true;
    };
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    vaultwarden.servers."127.0.0.1:${toString cfg.config.ROCKET_PORT}" = { };
  };
}
