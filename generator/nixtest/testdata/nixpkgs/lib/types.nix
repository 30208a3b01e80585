# Types of options. A type checks one definition and merges several.
{ lib }:
let
  inherit (builtins)
    all
    attrValues
    concatMap
    head
    isAttrs
    isBool
    isFloat
    isInt
    isList
    isString
    length
    map
    ;
  inherit (lib.options) showOption showDefs;
  inherit (lib.modules) kind leaf leavesOf mergeDefinitions;

  mkOptionType =
    t:
    {
      description = t.name;
      merge = equal;
      getSubOptions = _: { };
    }
    // t
    // {
      _type = "option-type";
    };

  # A set with nothing in it is an option all the same.
  inside =
    leaves: loc: defs:
    let
      found = leaves loc defs;
    in
    if found == [ ] then leaf { } loc defs else found;

  conflict =
    loc: defs:
    throw "The option `${showOption loc}' has conflicting definition values:${showDefs defs}\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";

  # Several definitions are well as long as they say the same. Not so a default of NixOS's own config and one of a
  # module here: NixOS takes them until its next revision says something else.
  equal =
    loc: defs:
    let
      first = (head defs).value;
      defaults = lib.filter (d: d.priority or 0 == 1000) defs;
      own = lib.filter (d: lib.hasPrefix "nixos/modules/" d.file) defaults;
    in
    if all (d: d.value == first) defs && (own == [ ] || length own == length defaults) then
      first
    else
      conflict loc defs;

  one =
    loc: defs:
    if length defs == 1 then
      (head defs).value
    else
      throw "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n\nDefinition values:${showDefs defs}\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";

  atom =
    description: check:
    mkOptionType {
      name = description;
      inherit description check;
    };

  isPackage = v: lib.isDerivation v || (isString v && lib.isStorePath v) || builtins.isPath v;
  stringLike = v: isString v || builtins.isPath v || v ? outPath || v ? __toString;

  # Values of lists and sets: pick is "value", or "defined" to leave out what defaults add.
  elements =
    pick: type: loc: defs:
    concatMap (
      def:
      concatMap (
        e:
        let
          name = "[definition ${toString def.n}-entry ${toString e.n}]";
          merged = mergeDefinitions (loc ++ [ name ]) type [
            {
              inherit (def.value) file;
              inherit (e) value;
            }
          ];
        in
        lib.optional merged.isDefined merged.${pick}
      ) (numbered def.value.value)
    ) (numbered defs);
  numbered = lib.imap1 (n: value: { inherit n value; });

  sets =
    pick: lazy: type: loc: defs:
    let
      merged = builtins.zipAttrsWith (name: mergeDefinitions (loc ++ [ name ]) type) (
        map (
          d:
          builtins.mapAttrs (_: value: {
            inherit (d) file;
            inherit value;
          }) d.value
        ) defs
      );
    in
    builtins.mapAttrs (_: m: m.${pick}) (
      if lazy then merged else lib.filterAttrs (_: m: m.isDefined) merged
    );

  text =
    description: sep:
    mkOptionType {
      name = "separatedString";
      inherit description;
      check = isString;
      merge = _: defs: builtins.concatStringsSep sep (map (d: d.value) defs);
    };

  orNull =
    merge: loc: defs:
    if all (d: d.value == null) defs then
      null
    else if lib.any (d: d.value == null) defs then
      conflict loc defs
    else
      merge loc defs;

  firstFit =
    choices: merge: loc: defs:
    let
      fit = lib.filter (type: all (d: type.check d.value) defs) choices;
    in
    if fit == [ ] then conflict loc defs else merge (head fit) loc defs;

  plainSet =
    v:
    isAttrs v
    && !lib.isDerivation v
    && !(v ? __functor)
    && !(v ? __toString)
    && !(v ? outPath)
    && kind v == null;

  paren = s: if builtins.match ".* .*" s != null then "(${s})" else s;

  types = {
    inherit mkOptionType;

    bool = atom "boolean" isBool;
    str = atom "string" isString;
    string = types.str;
    singleLineStr = atom "(optionally newline-terminated) single-line string" (
      s: isString s && builtins.match "[^\n\r]*\n?" s != null
    );
    nonEmptyStr = atom "non-empty string" (s: isString s && builtins.match "[ \t\n]*" s == null);
    passwdEntry = type: type;
    shellPackage = types.package;
    int = atom "signed integer" isInt;
    float = atom "floating point number" isFloat;
    number = atom "signed integer or floating point number" (v: isInt v || isFloat v);
    port = atom "16 bit unsigned integer; between 0 and 65535 (both inclusive)" (
      v: isInt v && v >= 0 && v <= 65535
    );
    ints = {
      positive = atom "positive integer, meaning >0" (v: isInt v && v > 0);
      unsigned = atom "unsigned integer, meaning >=0" (v: isInt v && v >= 0);
      between =
        a: b:
        atom "integer between ${toString a} and ${toString b} (both inclusive)" (
          v: isInt v && v >= a && v <= b
        );
      u8 = types.ints.between 0 255;
      u16 = types.ints.between 0 65535;
      u32 = types.ints.between 0 4294967295;
    };
    path = atom "absolute path" (v: stringLike v && builtins.substring 0 1 (toString v) == "/");
    package = mkOptionType {
      name = "package";
      check = isPackage;
      merge = one;
    };
    pkgs = types.raw;
    raw = mkOptionType {
      name = "raw";
      description = "raw value";
      check = _: true;
      merge = one;
    };
    unspecified = mkOptionType {
      name = "unspecified";
      description = "unspecified value";
      check = _: true;
      merge = types.free.merge;
    };
    anything = types.free // {
      name = "anything";
      description = "anything";
    };
    enum =
      values:
      atom "one of ${lib.concatMapStringsSep ", " lib.options.showValue values}" (
        v: builtins.elem v values
      );
    lines = text "strings concatenated with \"\\n\"" "\n";
    commas = text "strings concatenated with \",\"" ",";
    envVar = text "strings concatenated with \":\"" ":";
    separatedString = sep: text "strings concatenated with ${builtins.toJSON sep}" sep;
    strMatching =
      re: atom "string matching the pattern ${re}" (s: isString s && builtins.match re s != null);

    listOf =
      type:
      mkOptionType {
        name = "listOf";
        description = "list of ${paren type.description}";
        check = isList;
        merge = elements "value" type;
        mergeDefined = elements "defined" type;
      };
    attrsOf =
      type:
      mkOptionType {
        name = "attrsOf";
        description = "attribute set of ${paren type.description}";
        element = type;
        check = isAttrs;
        merge = sets "value" false type;
        mergeDefined = sets "defined" false type;
        leaves = inside (loc: defs: lib.concatLists (attrValues (sets "leaves" true type loc defs)));
      };
    lazyAttrsOf =
      type:
      types.attrsOf type
      // {
        description = "lazy attribute set of ${paren type.description}";
        merge = sets "value" true type;
        mergeDefined = sets "defined" true type;
      };
    attrs = mkOptionType {
      name = "attribute set";
      check = isAttrs;
      merge = _: defs: lib.mergeAttrsList (map (d: d.value) defs);
    };
    functionTo =
      type:
      mkOptionType {
        name = "function";
        description = "function that evaluates to a(n) ${type.description}";
        check = lib.isFunction;
        merge =
          loc: defs: arg:
          (mergeDefinitions loc type (map (d: d // { value = d.value arg; }) defs)).value;
      };
    nullOr =
      type:
      mkOptionType {
        name = "nullOr";
        description = "null or ${type.description}";
        ${if type ? element then "element" else null} = type.element;
        ${if type ? node then "node" else null} = type.node;
        check = v: v == null || type.check v;
        merge = orNull type.merge;
        mergeDefined = orNull (type.mergeDefined or type.merge);
        leaves =
          loc: defs: (if all (d: d.value == null) defs then leaf null else leavesOf type) loc defs;
      };
    either =
      a: b:
      mkOptionType {
        name = "either";
        description = "${a.description} or ${b.description}";
        check = v: a.check v || b.check v;
        merge = firstFit [ a b ] (type: type.merge);
        mergeDefined = firstFit [ a b ] (type: type.mergeDefined or type.merge);
        leaves = firstFit [ a b ] leavesOf;
      };
    oneOf = ts: lib.foldl types.either (head ts) (builtins.tail ts);
    uniq = type: type // { merge = one; };
    coercedTo =
      from: f: to:
      mkOptionType {
        name = "coercedTo";
        description = "${to.description} or ${from.description} convertible to it";
        check = v: to.check v || from.check v;
        merge =
          loc: defs:
          to.merge loc (map (d: d // { value = if to.check d.value then d.value else f d.value; }) defs);
      };

    submodule = module: types.submoduleWith { modules = lib.toList module; };
    submoduleWith =
      {
        modules,
        specialArgs ? { },
        ...
      }:
      let
        evaluate =
          loc: defs:
          lib.evalModules {
            modules =
              modules
              ++ [ { _module.args.name = lib.last loc; } ]
              ++ map (d: {
                _file = d.file;
                imports = [ d.value ];
              }) defs;
            inherit specialArgs;
            prefix = loc;
          };
      in
      mkOptionType {
        name = "submodule";
        check = v: isAttrs v || lib.isFunction v || builtins.isPath v;
        merge = loc: defs: builtins.removeAttrs (evaluate loc defs).config [ "_module" ];
        mergeDefined = loc: defs: builtins.removeAttrs (evaluate loc defs).defined [ "_module" ];
        leaves = inside (
          loc: defs:
          lib.filter (l: builtins.elemAt l.loc (length loc) != "_module") (evaluate loc defs).leaves
        );
      };

    # A submodule whose options are given as a node of an option tree.
    submoduleOf =
      description: node:
      let
        evaluate =
          pick: loc: defs:
          let
            apply =
              v:
              if lib.isFunction v then
                v {
                  inherit lib;
                  name = lib.last loc;
                  inherit (tree) config options;
                }
              else
                v;
            tree = lib.modules.evalTree loc node (map (d: d // { value = apply d.value; }) defs);
            unknown = head tree.unmatched;
          in
          if tree.unmatched == [ ] then
            tree.${pick}
          else
            throw "The option `${showOption unknown.loc}' does not exist. Definition values:${showDefs unknown.defs}";
      in
      mkOptionType {
        name = "submodule";
        inherit description node;
        check = v: isAttrs v || lib.isFunction v;
        merge = evaluate "config";
        mergeDefined = evaluate "defined";
        leaves = inside (evaluate "leaves");
      };

    # Any value: sets and lists are merged, functions applied, the rest must be equal.
    free = mkOptionType {
      name = "free";
      description = "anything";
      check = _: true;
      merge =
        loc: defs:
        let
          values = map (d: d.value) defs;
        in
        if all plainSet values then
          sets "value" false types.free loc defs
        else if all isList values then
          elements "value" types.free loc defs
        else if length values == 1 then
          head values
        else if all lib.isFunction values then
          arg: types.free.merge loc (map (d: d // { value = d.value arg; }) defs)
        else
          equal loc defs;
      leaves =
        loc: defs:
        if all (d: plainSet d.value) defs then
          (types.attrsOf types.free).leaves loc defs
        else
          leaf (types.free.merge loc defs) loc defs;
    };
  };
in
types
