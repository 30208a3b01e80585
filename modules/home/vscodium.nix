# VSCodium. If its extensions folder is mutable, so are the settings: they are copied once
# and then belong to the editor. Otherwise they are a link into the store.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  # home-manager 25.11 keeps VSCodium under programs.vscode.
  is2511 = lib.versionOlder lib.trivial.release "26.05";
  cfg = config.programs.vscodium;
  settings = "${config.xdg.configHome}/VSCodium/User/settings.json";
  seed = (pkgs.formats.json { }).generate "vscodium-settings.json" cfg.profiles.default.userSettings;
in
{
  imports = lib.optionals is2511 (
    map
      (
        name:
        lib.mkAliasOptionModule
          [
            "programs"
            "vscodium"
            name
          ]
          [
            "programs"
            "vscode"
            name
          ]
      )
      [
        "enable"
        "mutableExtensionsDir"
        "package"
        "profiles"
      ]
  );

  programs.vscodium = {
    enable = lib.mkDefault true;
    package = lib.mkDefault pkgs.vscodium;
    mutableExtensionsDir = lib.mkDefault true;
    profiles.default = {
      enableUpdateCheck = lib.mkDefault false;
      extensions = [
        pkgs.vscode-extensions.editorconfig.editorconfig
        pkgs.vscode-extensions.jnoortheen.nix-ide
      ];
      userSettings = {
        "editor.fontFamily" = lib.mkDefault "'JetBrainsMono Nerd Font', monospace";
        "files.insertFinalNewline" = lib.mkDefault true;
        "files.trimTrailingWhitespace" = lib.mkDefault true;
        # By name, not by store path: a copied file keeps nothing in the store.
        "nix.enableLanguageServer" = lib.mkDefault true;
        "nix.serverPath" = lib.mkDefault "nil";
        "nix.formatterPath" = lib.mkDefault "nixfmt";
        "telemetry.telemetryLevel" = lib.mkDefault "off";
        "workbench.startupEditor" = lib.mkDefault "none";
      };
    };
  };

  home = {
    packages = [
      pkgs.nil
      pkgs.nixfmt
    ];
    file = lib.mkIf cfg.mutableExtensionsDir { ${settings}.enable = lib.mkDefault false; };
    activation.seedVscodiumSettings = lib.mkIf cfg.mutableExtensionsDir (
      lib.hm.dag.entryAfter [ "linkGeneration" ] ''
        if [[ ! -e ${lib.escapeShellArg settings} ]]; then
          run install -D -m 0644 ${seed} ${lib.escapeShellArg settings}
        fi
      ''
    );
  };
}
