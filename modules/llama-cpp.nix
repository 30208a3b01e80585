# llama.cpp's server for one model on the loopback, with OpenAI's protocol.
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

  # Until 26.05 nixpkgs has a few options and a list of flags in place of settings.
  isOld = !(options.services.llama-cpp ? settings);
  flag =
    name: value:
    if lib.isBool value then
      lib.optional value "--${name}"
    else
      [
        "--${name}"
        (toString value)
      ];

  # --name value, --name=value or --name, as settings.
  settingsOf =
    flags:
    let
      name = lib.removePrefix "--" (builtins.head flags);
      both = builtins.match "([^=]+)=(.*)" name;
      rest = builtins.tail flags;
      hasValue = rest != [ ] && builtins.match "-[^0-9].*" (builtins.head rest) == null;
    in
    if flags == [ ] then
      { }
    else if both != null then
      { ${builtins.head both} = lib.last both; } // settingsOf rest
    else if hasValue then
      { ${name} = builtins.head rest; } // settingsOf (builtins.tail rest)
    else
      { ${name} = true; } // settingsOf rest;
in
{
  options.services.llama-cpp = {
    flags = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "More flags of llama-server.";
    };
    arguments = lib.mkOption {
      type = lib.types.attrsOf lib.types.anything;
      default = { };
      description = "Flags of llama-server by their long names.";
    };
  };

  config.services.llama-cpp = {
    enable = lib.mkDefault true;
    arguments = {
      host = lib.mkDefault "127.0.0.1";
      port = lib.mkDefault 8082;
    };
    package = lib.mkDefault (
      if config.hardware.nvidia.datacenter.enable || builtins.elem "nvidia" drivers then
        pkgs.llama-cpp.override { cudaSupport = true; }
      else if builtins.elem "amdgpu" drivers then
        pkgs.llama-cpp.override { rocmSupport = true; }
      else
        pkgs.llama-cpp
    );
  }
  // lib.optionalAttrs (!isOld) { settings = cfg.arguments // settingsOf cfg.flags; }
  // lib.optionalAttrs isOld {
    inherit (cfg.arguments) host port;
    model = lib.mkIf (cfg.arguments ? model) cfg.arguments.model;
    extraFlags =
      lib.concatLists (
        lib.mapAttrsToList flag (
          builtins.removeAttrs cfg.arguments [
            "host"
            "model"
            "port"
          ]
        )
      )
      ++ cfg.flags;
  };

  config.assertions = [
    {
      assertion = isOld || lib.all (f: builtins.match "-[A-Za-z].*" f == null) cfg.flags;
      message = "services.llama-cpp.flags: nixpkgs takes long flags only, such as --n-gpu-layers for -ngl.";
    }
  ];
}
