# Tests in virtual machines, as checks of the flake: they need KVM. Each is a derivation whose
# build boots the machines.
{
  pkgs,
  nixpkgs, # the flake
  quick-deploy,
}:
let
  inherit (pkgs) lib;

  # The hosts of golden/vm-services. What is in none of them, and why:
  #   mlflow, tgi, vllm, wandb, weaviate  containers, whose images are downloaded
  #   llama-cpp                           needs a model, which is a download
  #   open-webui                          unfree, and loads an embedding model on its first start
  #   netdata                             its page is unfree, so that it would be built here
  #   auto-upgrade, restic                act on machines elsewhere
  hosts = [
    "cluster"
    "data"
    "forge"
    "host"
    "watch"
  ];
  test = pkgs.testers.runNixOSTest;
in
{
  vm-switch = test (import ./switch.nix { inherit lib nixpkgs quick-deploy; });
}
// lib.listToAttrs (
  map (host: {
    name = "vm-services-${host}";
    value = test (import ./services.nix { inherit host pkgs quick-deploy; });
  }) hosts
)
