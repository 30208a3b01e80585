raw:
let
  meta = raw.meta or (throw "meta is missing in the hive");
  inherit (meta.nixpkgs) lib;
  reserved = [
    "meta"
    "network"
    "defaults"
  ];
  names = lib.subtractLists reserved (builtins.attrNames raw);
  nodes = lib.genAttrs names (
    name:
    let
      pkgs = meta.nodeNixpkgs.${name} or meta.nixpkgs;
    in
    # As colmena does it: the node makes its own packages, of this platform.
    import (pkgs.path + "/nixos/lib/eval-config.nix") {
      inherit (pkgs) system;
      modules = [
        ./deployment.nix
        {
          nixpkgs.overlays = lib.mkBefore pkgs.overlays;
          nixpkgs.config = lib.mkBefore pkgs.config;
        }
        (raw.defaults or { })
        raw.${name}
      ];
      specialArgs = {
        inherit name nodes;
      }
      // meta.specialArgs or { }
      // meta.nodeSpecialArgs.${name} or { };
    }
  );
in
{
  __schema = "v0.5";
  inherit nodes;
  toplevel = builtins.mapAttrs (_: n: n.config.system.build.toplevel) nodes;
  deploymentConfig = builtins.mapAttrs (_: n: n.config.deployment) nodes;
  metaConfig = {
    name = meta.name or "hive";
    description = meta.description or "";
    allowApplyAll = meta.allowApplyAll or true;
  };
}
