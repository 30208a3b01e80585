# Chroma, an embedding database, on the loopback. It has no accounts: keep it there.
{ lib, ... }:
{
  services.chromadb.enable = lib.mkDefault true;

  systemd.services.chromadb.environment.ANONYMIZED_TELEMETRY = lib.mkDefault "False";
}
