# llama.cpp's server for one model on the loopback, with the OpenAI API.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  cfg = config.services.llama-cpp;
  drivers = config.services.xserver.videoDrivers;
  # NixOS 26.11 takes all flags in settings.
  hasSettings = options.services.llama-cpp ? settings;
  address.port = lib.mkDefault 8082;
in
{
  services.llama-cpp = {
    enable = lib.mkDefault true;
    package = lib.mkDefault (
      if config.hardware.nvidia.datacenter.enable || builtins.elem "nvidia" drivers then
        pkgs.llama-cpp.override { cudaSupport = true; }
      else if builtins.elem "amdgpu" drivers then
        pkgs.llama-cpp.override { rocmSupport = true; }
      else
        pkgs.llama-cpp
    );
  }
  // (if hasSettings then { settings = address; } else address);

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    llama-cpp.servers."127.0.0.1:${toString (cfg.settings or cfg).port}" = { };
  };
}
