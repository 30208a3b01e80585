# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/weaviate.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "full";

  virtualisation.oci-containers.containers.weaviate = {
    environment = {
      AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED = "false";
      AUTHENTICATION_APIKEY_ENABLED = "true";
      ENABLE_MODULES = "text2vec-ollama,generative-ollama";
    };
    environmentFiles = [ "/etc/secrets/weaviate-env" ];
    ports = [
      "127.0.0.1:8095:8080"
      "127.0.0.1:50051:50051"
    ];
  };

  system.stateVersion = "26.05";
}
