# Chroma, an embedding database, on the loopback. It has no login, so keep it there.
{ lib, ... }:
{
  services.chromadb.enable = lib.mkDefault true;

  systemd.services.chromadb.environment.ANONYMIZED_TELEMETRY = lib.mkDefault "False";
}
