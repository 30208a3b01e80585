# nginx as the reverse proxy of this machine, with the recommended settings of nixpkgs (gzip, TLS,
# proxy headers). Every web service of this machine is an upstream with its own name, so a virtual
# host can proxy to http://grafana, whatever port Grafana listens on.
#
# It listens on the loopback until a profile exposes it.
{ config, lib, ... }:
let
  cfg = config.services.nginx;

  # The address that browsers use. Certificates mean TLS, as in nixpkgs' own module.
  address =
    scheme: standard: port: name:
    "${scheme}://${name}${lib.optionalString (port != standard) ":${toString port}"}";
  urlOf =
    host:
    if host.forceSSL || host.onlySSL || host.addSSL then
      address "https" 443 cfg.defaultSSLListenPort
    else
      address "http" 80 cfg.defaultHTTPListenPort;

  # Folders that sites are served from, except those that Nix built.
  roots = lib.filter (root: root != null && !lib.hasPrefix builtins.storeDir (toString root)) (
    lib.mapAttrsToList (_: host: host.root) cfg.virtualHosts
  );
in
{
  # The names and addresses at which sites show the upstream NAME, for services that compare the
  # Host header or write their own addresses.
  lib.nginx.sitesOf =
    upstream:
    lib.concatLists (
      lib.mapAttrsToList (
        attribute: host:
        map
          (name: {
            inherit name;
            url = urlOf host name;
          })
          (
            lib.optionals ((host.locations."/".proxyPass or null) == "http://${upstream}") (
              [ (if host.serverName != null then host.serverName else attribute) ] ++ host.serverAliases
            )
          )
      ) cfg.virtualHosts
    );

  services.nginx = {
    enable = lib.mkDefault true;
    # One choice: the loopback, or what a host exposes.
    defaultListenAddresses = lib.mkDefault (
      [ "127.0.0.1" ] ++ lib.optional config.networking.enableIPv6 "[::1]"
    );

    recommendedGzipSettings = lib.mkDefault true;
    recommendedOptimisation = lib.mkDefault true;
    recommendedProxySettings = lib.mkDefault true;
    recommendedTlsSettings = lib.mkDefault true;
    # For websockets, and for answers that a model writes slowly.
    proxyTimeout = lib.mkDefault "300s";
    clientMaxBodySize = lib.mkDefault "100m";
  };

  # Created only if missing: an existing folder keeps its owner and its mode.
  systemd.tmpfiles.settings.nginx = lib.genAttrs (map toString roots) (_: {
    d = {
      mode = ":0755";
      user = ":root";
      group = ":root";
    };
  });
}
