# llama.cpp's server for one model on the loopback, with OpenAI's protocol.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  drivers = config.services.xserver.videoDrivers;
in
{
  services.llama-cpp = {
    enable = lib.mkDefault true;
    host = lib.mkDefault "127.0.0.1";
    port = lib.mkDefault 8082;
    package = lib.mkDefault (
      if config.hardware.nvidia.datacenter.enable || builtins.elem "nvidia" drivers then
        pkgs.llama-cpp.override { cudaSupport = true; }
      else if builtins.elem "amdgpu" drivers then
        pkgs.llama-cpp.override { rocmSupport = true; }
      else
        pkgs.llama-cpp
    );
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    llama-cpp.servers."127.0.0.1:${toString config.services.llama-cpp.port}" = { };
  };
}
