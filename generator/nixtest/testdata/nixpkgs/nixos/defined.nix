# What NixOS itself defines in its config, with the priority, under the condition and in the file that it does: see
# defined.json. Two definitions of one priority are therefore an error here as they are there.
{
  lib,
  pkgs,
  declared, # the tree of options
}:
let
  inherit (lib.modules) emptyNode mergeNodes;
  data = (lib.importJSON ./defined.json).definitions ++ (lib.importJSON ./defined-later.json).definitions;

  # A value of nixpkgs that JSON cannot hold is one that nobody else has.
  value =
    package: d:
    {
      inherit package;
      string = "/text/of/nixpkgs";
      list = [ ];
      set = { };
    }
    .${d.value.type or ""} or d.value;

  # The option that a path leads to or into, or null, and what is left of the path: null if no such
  # option can be.
  find =
    node: path:
    if node.option != null then
      into node.option.type path
    else if path == [ ] then
      {
        option = null;
        inherit path;
      }
    else if node.children ? ${builtins.head path} then
      find node.children.${builtins.head path} (builtins.tail path)
    else
      {
        option = null;
        path = if node.strict then null else path;
      };
  into =
    type: path:
    if path == [ ] || !(type ? node || type ? element) then
      {
        option = { inherit type; };
        inherit path;
      }
    else if type ? node then
      find type.node path
    else
      into type.element (builtins.tail path);

  # families.txt leaves out most options.
  hasFamily =
    path:
    declared.children.${builtins.head path}.children or { } ? ${builtins.elemAt path 1};
  lookup = path: if lib.length path > 1 && !hasFamily path then { option = null; inherit path; } else find declared path;

  # An option that the release does not have, or has with another type, is left out.
  fits =
    d:
    let
      found = lookup d.option;
    in
    found.path != null
    && (
      found.option == null
      # Inside of a value that nothing is known of.
      || found.path != [ ] && found.option.type.name != "raw"
      || found.path == [ ] && found.option.type.check (sample d)
    );
  # pkgs depends on what is defined.
  sample = value {
    type = "derivation";
    outPath = "/package/of/nixpkgs";
  };
  known = lib.filter fits data;

  # Options that no table declares; a condition may read them.
  leaf = default: {
    option = {
      _type = "option";
      type = lib.types.free;
    }
    // default;
    children = { };
    strict = false;
    weak = true;
  };
  undeclared = path: (lookup path).option == null && (lookup path).path != null;
  below =
    path: node:
    lib.foldr (name: child: emptyNode // { children.${name} = child; }) node path;
  conditions = map (lib.splitString ".") (
    lib.unique (lib.concatMap (d: d.when or [ ] ++ d.unless or [ ]) known)
  );
  node = lib.foldl (mergeNodes [ ]) declared (
    map (d: below d.option (leaf { })) (lib.filter (d: undeclared d.option) known)
    ++ map (path: below path (leaf { default = false; })) (lib.filter undeclared conditions)
  );
in
{
  inherit node;
  # One module for what one file defines under one condition.
  modules = lib.mapAttrsToList (
    key: group:
    let
      first = builtins.head group;
    in
    { config, options, ... }:
    let
      # Without a definition it is off, whatever NixOS computes as its default.
      on =
        name:
        let
          path = lib.splitString "." name;
        in
        (lib.attrByPath path { } options).isDefined or true && lib.attrByPath path false config == true;
    in
    {
      inherit key;
      _file = first.file;
      config = lib.mkIf (
        (first ? when -> lib.any on first.when)
        && !lib.any on (first.unless or [ ])
        && (first ? profile -> lib.elem first.profile config.nixpkgs.profiles)
      ) (lib.mkMerge (map (d: lib.setAttrByPath d.option (
        lib.mkOverride d.priority (value (pkgs.standIn "of-nixpkgs") d)
      )) group));
    }
  ) (builtins.groupBy (d: builtins.toJSON (builtins.removeAttrs d [ "option" "priority" "value" ])) known);
}
