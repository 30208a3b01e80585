# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ lib, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/vllm.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # vllm
      8011
    ];
    hostName = "full";
  };

  virtualisation.oci-containers.containers.vllm = {
    cmd = lib.mkBefore [
      "serve"
      "meta-llama/Llama-3.1-8B-Instruct"
      "--host=0.0.0.0"
      "--port=8011"
      "--max-model-len=8192"
      "--enable-prefix-caching"
    ];
    environmentFiles = [ "/etc/secrets/vllm-env" ];
    image = "docker.io/vllm/vllm-openai:v0.11.0";
  };

  system.stateVersion = "26.05";
}
