# Open WebUI, a browser chat for the models that this machine serves. The first account becomes the
# administrator; nobody else can sign up.
{ config, lib, ... }:
let
  inherit (config) services;
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "open-webui";
  containers = config.virtualisation.oci-containers.containers;
  # Servers on this machine with the OpenAI API.
  apis =
    lib.optional services.llama-cpp.enable "http://127.0.0.1:${toString (services.llama-cpp.settings or services.llama-cpp).port}/v1"
    ++ lib.optional (containers ? tgi) "http://127.0.0.1:${containers.tgi.environment.PORT}/v1"
    ++ lib.optionals (containers ? vllm) (
      map (flag: "http://127.0.0.1:${lib.removePrefix "--port=" flag}/v1") (
        lib.filter (lib.hasPrefix "--port=") containers.vllm.cmd
      )
    );
in
{
  services.open-webui = {
    enable = lib.mkDefault true;
    port = lib.mkDefault 8081;
    environment = lib.mkMerge [
      {
        ENABLE_SIGNUP = lib.mkDefault "False";
        ENABLE_INITIAL_ADMIN_SIGNUP = lib.mkDefault "True";
        DEFAULT_USER_ROLE = lib.mkDefault "pending";
        ANONYMIZED_TELEMETRY = lib.mkDefault "False";
        DO_NOT_TRACK = lib.mkDefault "True";
        SCARF_NO_ANALYTICS = lib.mkDefault "True";
      }
      (lib.mkIf (sites != [ ]) { WEBUI_URL = lib.mkDefault (lib.head sites).url; })
      (lib.mkIf services.ollama.enable {
        OLLAMA_BASE_URL = lib.mkDefault "http://127.0.0.1:${toString services.ollama.port}";
      })
      (lib.mkIf (apis != [ ]) {
        OPENAI_API_BASE_URLS = lib.mkDefault (lib.concatStringsSep ";" apis);
      })
    ];
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    open-webui.servers."127.0.0.1:${toString services.open-webui.port}" = { };
  };
}
