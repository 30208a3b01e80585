# Hugging Face's Text Generation Inference, as a container on the loopback of the host, so that it
# can reach the other services here and they can reach it. It needs an NVIDIA card.
{ config, lib, ... }:
{
  virtualisation.oci-containers.containers.tgi = {
    image = lib.mkDefault "ghcr.io/huggingface/text-generation-inference:3.3.6";
    environment = {
      HOSTNAME = lib.mkDefault "127.0.0.1";
      PORT = lib.mkDefault "8080";
      PROMETHEUS_PORT = lib.mkDefault "9001";
      MODEL_ID = lib.mkDefault "Qwen/Qwen2.5-7B-Instruct";
      HF_HUB_DISABLE_TELEMETRY = lib.mkDefault "1";
    };
    volumes = [ "/var/lib/tgi:/data" ];
    # One choice: it cannot be combined with another network.
    networks = lib.mkDefault [ "host" ];
    devices = lib.mkIf config.hardware.nvidia-container-toolkit.enable [ "nvidia.com/gpu=all" ];
    extraOptions = [ "--shm-size=1g" ];
  };

  # Data center cards have a driver without X.
  hardware.nvidia-container-toolkit.enable = lib.mkDefault (
    config.hardware.nvidia.datacenter.enable
    || builtins.elem "nvidia" config.services.xserver.videoDrivers
  );

  systemd.tmpfiles.settings.tgi."/var/lib/tgi".d.mode = "0700";
}
