# Ollama serves language models on the loopback, on the graphics card where one can be used.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.services) ollama;
  drivers = config.services.xserver.videoDrivers;
in
{
  services.ollama = {
    enable = lib.mkDefault true;
    host = lib.mkDefault "127.0.0.1";
    port = lib.mkDefault 11434;
    package = lib.mkDefault (
      if config.hardware.nvidia.datacenter.enable || builtins.elem "nvidia" drivers then
        pkgs.ollama-cuda
      else if builtins.elem "amdgpu" drivers then
        pkgs.ollama-rocm
      else
        pkgs.ollama
    );
  }
  // lib.optionalAttrs (lib.versionOlder lib.trivial.release "26.05") {
    # Until 25.11 nixpkgs overrides the package with this option, so both have to agree.
    acceleration = lib.mkDefault (
      lib.findFirst (kind: ollama.package == (pkgs."ollama-${kind}" or null)) null [
        "cuda"
        "rocm"
        "vulkan"
      ]
    );
  };
}
