# Over a nixpkgs that is older than the modules evaluated with it.
{
  apart,
  nixpkgs,
  packages,
}:
final: prev:
let
  stub =
    name:
    final.runCommand name {
      pname = name;
      version = "1.0";
      meta.mainProgram = name;
      passthru.compiler = final.hello;
    } "mkdir $out";

  # NixOS looks into these, or asks for another of their kind.
  variantOf =
    name:
    prev.lib.findFirst (base: prev.lib.hasPrefix "${base}_" name || prev.lib.hasPrefix "${base}-" name)
      null
      [
        "forgejo"
        "ollama"
        "postgresql"
      ];
in
prev.lib.foldl' (
  all: name:
  let
    path = prev.lib.splitString "." name;
    set = builtins.head path;
  in
  if prev.lib.hasAttrByPath path prev then
    all
  else if variantOf name != null then
    all // { ${name} = prev.${variantOf name}; }
  else if builtins.length path == 1 then
    all // { ${name} = stub name; }
  else
    all
    // {
      ${set} = prev.lib.recursiveUpdate (all.${set} or prev.${set} or { }) (
        prev.lib.setAttrByPath (builtins.tail path) (stub (prev.lib.last path))
      );
    }
) { } packages
# A checkout that lacks its largest files has no Haskell.
//
  prev.lib.optionalAttrs
    (!builtins.pathExists (nixpkgs + "/pkgs/development/haskell-modules/hackage-packages.nix"))
    {
      shellcheck = stub "shellcheck";
      shellcheck-minimal = stub "shellcheck";
      pandoc = stub "pandoc";
    }
// prev.lib.optionalAttrs (!(prev.formats.ini { }) ? lib) {
  # home-manager asks for the type of a value, and for a format.
  formats = {
    xml = _: {
      type = prev.lib.types.anything;
      generate = name: value: prev.writeText name (builtins.toJSON value);
    };
  }
  // prev.formats
  // {
    ini = args: prev.formats.ini args // { lib.types.atom = prev.lib.types.anything; };
  };
}
// prev.lib.optionalAttrs (!prev ? replaceVars) {
  # home-manager writes its scripts with it.
  replaceVars = src: values: prev.substituteAll (values // { inherit src; });
}
// prev.lib.optionalAttrs apart {
  # Modules of late 2024 ask for these.
  systemd = prev.systemd // {
    withTpm2Tss = true;
    withUtmp = true;
    withSysupdate = false;
    withBootloader = true;
  };
}
