# Ollama serves language models on the loopback, using the graphics card if it can.
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
    # A folder outside its own state needs an owner that stays the same.
    user = lib.mkIf elsewhere (lib.mkDefault "ollama");
    group = lib.mkIf elsewhere (lib.mkDefault "ollama");
    # nginx addresses it as localhost, so the site's pages are a different origin to it.
    environmentVariables = lib.mkIf (sites != [ ]) {
      OLLAMA_ORIGINS = lib.mkDefault (lib.concatMapStringsSep "," (site: site.url) sites);
    };
  }
  // lib.optionalAttrs (lib.versionOlder lib.trivial.release "26.05") {
    # Up to 25.11, nixpkgs overrides the package with this option, so both have to agree.
    acceleration = lib.mkDefault (
      lib.findFirst (kind: ollama.package == (pkgs."ollama-${kind}" or null)) null [
        "cuda"
        "rocm"
        "vulkan"
      ]
    );
  };

  # The unit does not start without it. Created only if missing: an existing folder keeps its owner
  # and its mode.
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
