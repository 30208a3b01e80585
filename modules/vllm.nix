# vLLM's server with the OpenAI API, as a container on the loopback of the host. It needs an NVIDIA
# card.
{ config, lib, ... }:
{
  virtualisation.oci-containers.containers.vllm = {
    image = lib.mkDefault "docker.io/vllm/vllm-openai:v0.22.0";
    environment = {
      HF_HOME = lib.mkDefault "/data";
      HF_HUB_DISABLE_TELEMETRY = lib.mkDefault "1";
      VLLM_NO_USAGE_STATS = lib.mkDefault "1";
    };
    # Images before v0.15 start a different program, which takes the model as a flag. `vllm serve`
    # is in all images and takes the model as its first argument. The host sets the arguments, each
    # once: a second model would not replace a default.
    entrypoint = lib.mkDefault "vllm";
    volumes = [ "/var/lib/vllm:/data" ];
    # One choice: it cannot be combined with another network.
    networks = lib.mkDefault [ "host" ];
    devices = lib.mkIf config.hardware.nvidia-container-toolkit.enable [ "nvidia.com/gpu=all" ];
    # Its workers share tensors through shared memory.
    extraOptions = [ "--ipc=host" ];
  };

  # Data center cards have a driver without X.
  hardware.nvidia-container-toolkit.enable = lib.mkDefault (
    config.hardware.nvidia.datacenter.enable
    || builtins.elem "nvidia" config.services.xserver.videoDrivers
  );

  systemd.tmpfiles.settings.vllm."/var/lib/vllm".d.mode = "0700";
}
