# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ lib, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/alloy.nix
    ../../modules/auto-upgrade.nix
    ../../modules/base.nix
    ../../modules/bluetooth.nix
    ../../modules/chromadb.nix
    ../../modules/docker.nix
    ../../modules/fail2ban.nix
    ../../modules/forgejo.nix
    ../../modules/fwupd.nix
    ../../modules/gitea.nix
    ../../modules/glances.nix
    ../../modules/grafana.nix
    ../../modules/hardening.nix
    ../../modules/jupyter.nix
    ../../modules/k3s.nix
    ../../modules/libvirt.nix
    ../../modules/llama-cpp.nix
    ../../modules/loki.nix
    ../../modules/meilisearch.nix
    ../../modules/mlflow.nix
    ../../modules/netdata.nix
    ../../modules/nginx.nix
    ../../modules/node-exporter.nix
    ../../modules/ollama.nix
    ../../modules/open-webui.nix
    ../../modules/openssh.nix
    ../../modules/podman.nix
    ../../modules/postgresql.nix
    ../../modules/printing.nix
    ../../modules/prometheus.nix
    ../../modules/qdrant.nix
    ../../modules/redis.nix
    ../../modules/restic.nix
    ../../modules/syncthing.nix
    ../../modules/tailscale.nix
    ../../modules/tgi.nix
    ../../modules/typesense.nix
    ../../modules/vaultwarden.nix
    ../../modules/vllm.nix
    ../../modules/wandb.nix
    ../../modules/weaviate.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  nixpkgs.config.allowUnfreePredicate =
    pkg:
    builtins.elem (lib.getName pkg) [
      "netdata"
      "open-webui"
    ];

  services = {
    llama-cpp.model = "/srv/models/qwen3-8b-q4_k_m.gguf";
    postgresql = {
      ensureDatabases = [ "aidb" ];
      ensureUsers = [
        {
          ensureDBOwnership = true;
          name = "aidb";
        }
      ];
    };
  };

  virtualisation.oci-containers.containers.vllm.cmd = lib.mkBefore [
    "serve"
    "Qwen/Qwen2.5-7B-Instruct"
    "--host=127.0.0.1"
    "--port=8001"
  ];

  system = {
    autoUpgrade = {
      flags = [
        "--update-input"
        "nixpkgs"
      ];
      flake = "github:ada/machines";
    };
    stateVersion = "26.05";
  };
}
