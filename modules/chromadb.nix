# Chroma, an embedding database, on the loopback. It has no accounts: keep it there.
{ lib, ... }:
{
  services.chromadb = {
    enable = lib.mkDefault true;
    host = lib.mkDefault "127.0.0.1";
    port = lib.mkDefault 8000;
  };

  systemd.services.chromadb.environment.ANONYMIZED_TELEMETRY = lib.mkDefault "False";
}
