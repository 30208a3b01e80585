# The options without which no home is built, as home-manager declares them, and the
# generation made of them.
{
  config,
  definedOptions,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.home;

  required = type: mkOption { inherit type; };
  option = type: default: mkOption { inherit type default; };

  fileType = types.submodule (
    { name, ... }:
    {
      options = {
        enable = option types.bool true;
        target = option types.str name;
        text = option (types.nullOr types.lines) null;
        source = option (types.nullOr types.path) null;
        executable = option (types.nullOr types.bool) null;
        recursive = option types.bool false;
        force = option types.bool false;
        onChange = option types.lines "";
      };
    }
  );

  # A value as JSON can hold it. Packages become their paths, and so are built.
  plain =
    v:
    if lib.isDerivation v then
      v.outPath
    else if lib.isFunction v then
      "<function>"
    else if builtins.isAttrs v then
      if v ? outPath then "${v}" else builtins.mapAttrs (_: plain) v
    else if builtins.isList v then
      map plain v
    else if builtins.isPath v then
      toString v
    else
      v;
  record =
    builtins.removeAttrs definedOptions [
      "_module"
      "assertions"
      "warnings"
      "news"
    ]
    // {
      home = builtins.removeAttrs definedOptions.home [
        "activationPackage"
        "file"
      ];
    };

  below = dir: lib.mapAttrsToList (_: f: f // { target = dir + f.target; });
  files = lib.filter (f: f.enable) (
    lib.attrValues cfg.file
    ++ below ".config/" config.xdg.configFile
    ++ below ".local/share/" config.xdg.dataFile
  );
  content =
    f:
    if f.source != null then
      f.source
    else if f.text != null then
      pkgs.writeText "hm-file" f.text
    else
      throw "The option `home.file.\"${f.target}\".source' was accessed but has no value defined. Try setting the option.";

  failed = map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
  check =
    package:
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (m: "- ${m}") failed}"
    else
      lib.foldl (drv: message: lib.warn message drv) package config.warnings;
in
{
  _file = "home-manager/home.nix";
  options = {
    home = {
      username = required types.str;
      homeDirectory = required types.path;
      stateVersion = required (
        types.enum [
          "23.11"
          "24.05"
          "24.11"
          "25.05"
          "25.11"
          "26.05"
        ]
      );
      packages = option (types.listOf types.package) [ ];
      sessionVariables = option (types.lazyAttrsOf types.raw) { };
      sessionPath = option (types.listOf types.str) [ ];
      file = option (types.attrsOf fileType) { };
      activation = option (types.attrsOf types.raw) { };
      activationPackage = required types.package;
      profileDirectory = option types.path "${cfg.homeDirectory}/.nix-profile";
      enableNixpkgsReleaseCheck = option types.bool true;
    };
    xdg = {
      enable = option types.bool false;
      configHome = option types.path "${cfg.homeDirectory}/.config";
      dataHome = option types.path "${cfg.homeDirectory}/.local/share";
      stateHome = option types.path "${cfg.homeDirectory}/.local/state";
      cacheHome = option types.path "${cfg.homeDirectory}/.cache";
      configFile = option (types.attrsOf fileType) { };
      dataFile = option (types.attrsOf fileType) { };
    };
    news.json.output = required types.path;
    assertions = option (types.listOf types.unspecified) [ ];
    warnings = option (types.listOf types.str) [ ];
  };

  config = {
    news.json.output = pkgs.writeText "hm-news.json" (
      builtins.toJSON {
        display = "silent";
        entries = [ ];
      }
    );

    home.activationPackage = check (
      pkgs.runCommandLocal "home-manager-generation"
        {
          configuration = builtins.toJSON (plain record);
          inherit (cfg) username;
          activate = builtins.readFile ./activate.sh;
          snippets = lib.concatMapStrings (
            e: "printf 'Activating %s\\n' ${lib.escapeShellArg e.name}\n${e.data}\n"
          ) (lib.hm.dag.sort cfg.activation);
          passAsFile = [
            "configuration"
            "activate"
            "snippets"
          ];
          path = cfg.packages;
        }
        ''
          mkdir -p $out/home-files $out/home-path/bin $out/etc
          ${lib.concatMapStrings (f: ''
            mkdir -p $out/home-files/${lib.escapeShellArg (dirOf "./${f.target}")}
            ln -s ${content f} $out/home-files/${lib.escapeShellArg f.target}
          '') files}
          cp "$configurationPath" $out/etc/configuration.json
          for package in $path; do
            for program in "$package"/bin/*; do
              [ ! -e "$program" ] || ln -sf "$program" $out/home-path/bin/
            done
          done
          printf 1 > $out/gen-version
          { cat "$activatePath"; cat "$snippetsPath"; printf 'finish\nln -sfn "$generation" "$roots/current-home"\n'; } > $out/activate
          sed -i "s|^username=$|username='$username'|; s|^generation=$|generation='$out'|" $out/activate
          chmod +x $out/activate
        ''
    );
  };
}
