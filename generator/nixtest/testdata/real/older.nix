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
builtins.listToAttrs (map (name: { inherit name; value = stub name; }) packages)
# A checkout that lacks its largest files has no Haskell.
//
  prev.lib.optionalAttrs
    (!builtins.pathExists (nixpkgs + "/pkgs/development/haskell-modules/hackage-packages.nix"))
    {
      shellcheck = stub "shellcheck";
      shellcheck-minimal = stub "shellcheck";
      pandoc = stub "pandoc";
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
