# Typesense, a full-text search engine, on the loopback. Without your own secret, its API key is
# created on the first start, in /var/lib/typesense-key/api-key.
{ config, lib, ... }:
{
  services.typesense = {
    enable = lib.mkDefault true;
    apiKeyFile = lib.mkDefault "/run/credentials/typesense.service/api-key";
    settings.server.api-address = lib.mkDefault "127.0.0.1";
  };

  systemd.services = {
    # One choice: the key is either created here or a secret.
    typesense.serviceConfig.LoadCredential = lib.mkDefault [
      "api-key:/var/lib/typesense-key/api-key"
    ];
    typesense-key = {
      description = "API key of Typesense";
      before = [ "typesense.service" ];
      requiredBy = [ "typesense.service" ];
      unitConfig.ConditionPathExists = "!/var/lib/typesense-key/api-key";
      serviceConfig = {
        Type = "oneshot";
        StateDirectory = "typesense-key";
        StateDirectoryMode = "0700";
        UMask = "0077";
      };
      script = ''
        head -c 24 /dev/urandom | base64 > /var/lib/typesense-key/api-key
      '';
    };
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    typesense.servers."127.0.0.1:${toString config.services.typesense.settings.server.api-port}" = { };
  };
}
