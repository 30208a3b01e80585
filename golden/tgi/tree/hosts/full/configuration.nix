# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/tgi.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # tgi
      8090
    ];
    hostName = "full";
  };

  virtualisation.oci-containers.containers.tgi = {
    environment = {
      HOSTNAME = "0.0.0.0";
      MODEL_ID = "meta-llama/Meta-Llama-3-8B-Instruct";
      PORT = "8090";
      QUANTIZE = "awq";
    };
    environmentFiles = [ "/etc/secrets/tgi-env" ];
    image = "ghcr.io/huggingface/text-generation-inference:3.3.5";
  };

  system.stateVersion = "26.05";
}
