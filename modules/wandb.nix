# A Weights & Biases server for this machine's experiments, as a container on the loopback. Open
# http://127.0.0.1:8084 once to create the first account and to enter the (free) license.
{ lib, ... }:
{
  virtualisation.oci-containers.containers.wandb = {
    image = lib.mkDefault "docker.io/wandb/local:0.83.0";
    environment.HOST = lib.mkDefault "http://127.0.0.1:8084";
    # One choice: the loopback, or what a host exposes.
    ports = lib.mkDefault [ "127.0.0.1:8084:8080" ];
    volumes = [ "/var/lib/wandb:/vol" ];
  };

  # The container runs as user 999 of the image.
  systemd.tmpfiles.settings.wandb."/var/lib/wandb".d = {
    mode = "0700";
    user = "999";
    group = "0";
  };
}
