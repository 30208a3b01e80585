# Declaring options, and showing them in messages.
{ lib }:
rec {
  mkOption = args: args // { _type = "option"; };
  isOption = v: (v._type or null) == "option";

  mkEnableOption =
    name:
    mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to enable ${name}.";
    };

  mkPackageOption =
    pkgs: name: args:
    mkOption {
      type = lib.types.package;
      default = lib.getAttrFromPath (lib.toList (args.default or name)) pkgs;
    };

  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
  literalMD = text: {
    _type = "literalMD";
    inherit text;
  };

  showOption =
    loc:
    lib.concatMapStringsSep "." (
      part:
      if builtins.match "[a-zA-Z_][a-zA-Z0-9_'-]*" part != null || part == "*" || part == "<name>" then
        part
      else
        builtins.toJSON part
    ) loc;

  showDefs = lib.concatMapStrings (d: "\n- In `${d.file}': ${showValue d.value}");

  # A value as an expression, in one line, cut where it would not end.
  showValue = showDeep 3;
  # The same with so many sets and lists in each other; without end below zero.
  showDeep =
    let
      go =
        depth: v:
        if builtins.isFunction v then
          "<function>"
        else if builtins.isString v then
          builtins.toJSON (builtins.unsafeDiscardStringContext v)
        else if lib.isDerivation v then
          "<derivation ${v.name or "?"}>"
        else if builtins.isPath v || v == null || builtins.isBool v then
          if v == null then
            "null"
          else if builtins.isBool v then
            lib.boolToString v
          else
            toString v
        else if builtins.isList v then
          if depth == 0 then "[ … ]" else "[ ${lib.concatMapStrings (x: go (depth - 1) x + " ") v}]"
        else if builtins.isAttrs v then
          if depth == 0 then
            "{ … }"
          else
            "{ ${
              lib.concatStrings (lib.mapAttrsToList (n: x: "${showOption [ n ]} = ${go (depth - 1) x}; ") v)
            }}"
        else
          toString v;
    in
    go;
}
