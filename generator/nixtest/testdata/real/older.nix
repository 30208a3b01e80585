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
in
prev.lib.foldl' (
  all: name:
  let
    path = prev.lib.splitString "." name;
    set = builtins.head path;
  in
  if prev.lib.hasAttrByPath path prev then
    all
  # NixOS looks into this one.
  else if prev.lib.hasPrefix "postgresql_" name then
    all // { ${name} = prev.postgresql; }
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
  # home-manager asks for the type of a value.
  formats = prev.formats // {
    ini = args: prev.formats.ini args // { lib.types.atom = prev.lib.types.anything; };
  };
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
