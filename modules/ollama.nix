# Ollama serves language models on the loopback, on the graphics card where one can be used.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.services) ollama;
  # NixOS 26.11 calls it modelsDir.
  models = ollama.modelsDir or ollama.models;
  elsewhere = !lib.hasPrefix "${ollama.home}/" models;
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "ollama";
  drivers = config.services.xserver.videoDrivers;
in
{
  services.ollama = {
    enable = lib.mkDefault true;
    package = lib.mkDefault (
      if config.hardware.nvidia.datacenter.enable || builtins.elem "nvidia" drivers then
        pkgs.ollama-cuda
      else if builtins.elem "amdgpu" drivers then
        pkgs.ollama-rocm
      else
        pkgs.ollama
    );
    # A folder of its own needs an owner that is the same at each start.
    user = lib.mkIf elsewhere (lib.mkDefault "ollama");
    group = lib.mkIf elsewhere (lib.mkDefault "ollama");
    # nginx calls it localhost, so pages of the site are another origin to it.
    environmentVariables = lib.mkIf (sites != [ ]) {
      OLLAMA_ORIGINS = lib.mkDefault (lib.concatMapStringsSep "," (site: site.url) sites);
    };
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

  # The unit does not start without it. Only if missing: what is there keeps its owner and its mode.
  systemd.tmpfiles.settings = lib.mkIf elsewhere {
    ollama.${models}.d = {
      mode = ":0750";
      user = ":${ollama.user}";
      group = ":${ollama.group}";
    };
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    ollama.servers."127.0.0.1:${toString ollama.port}" = { };
  };
}
