# Options that came after the modules evaluated here: they take anything, and nobody reads them.
made: paths:
{ lib, ... }:
let
  inherit (made.extendModules { modules = [ { _module.check = false; } ]; }) options;
  inherit (lib) types;
  at = n: path: lib.attrByPath (lib.take n path) null options;
  any = lib.mkOption {
    type = types.anything;
    default.enable = false;
  };

  # Where a path leaves what is known: inside of an option, whose submodules lack one, or in a set
  # of options; then the first unknown part becomes an option, with all that is below it.
  leave =
    path:
    let
      n = lib.findFirst (
        n: n == builtins.length path || lib.isOption (at n path) || at (n + 1) path == null
      ) 0 (lib.range 1 (builtins.length path));
      option = at n path;
      named = lib.isOption option && option.type.name == "attrsOf";
    in
    if lib.isOption option then
      {
        within = lib.take n path;
        inherit named;
        rest = lib.drop (if named then n + 1 else n) path;
      }
    else
      {
        within = [ ];
        named = false;
        rest = lib.take (n + 1) path;
      };

  declare =
    {
      within,
      named,
      rest,
    }:
    let
      submodule = types.submodule { options = lib.setAttrByPath rest any; };
    in
    if within == [ ] then
      lib.setAttrByPath rest any
    else
      lib.setAttrByPath within (
        lib.mkOption { type = if named then types.attrsOf submodule else submodule; }
      );
in
{
  imports = map (place: { options = declare place; }) (lib.unique (map leave paths));
}
