# The module system: collects modules, merges their definitions by priority and order,
# checks types. Rules and error texts follow NixOS, so that a generated configuration
# that is wrong here is wrong there.
{ lib }:
let
  inherit (builtins)
    addErrorContext
    attrNames
    concatMap
    filter
    foldl'
    head
    isAttrs
    isFunction
    length
    mapAttrs
    zipAttrsWith
    ;
  inherit (lib.options) showOption showDefs;

  kind = v: if isAttrs v then v._type or null else null;

  # Priorities; the lowest number wins.
  defaultPriority = 100;
  optionDefaultPriority = 1500;

  # --- Definitions -------------------------------------------------------------

  # The attributes that a definition gives to a set of options. Conditions move down to
  # the attributes, so that a condition may depend on options of the same set.
  pushDown =
    loc: def:
    let
      down = f: content: map (set: mapAttrs (_: f) set) (go content);
      go =
        v:
        if kind v == "merge" then
          concatMap go v.contents
        else if kind v == "if" then
          down (mkIf v.condition) v.content
        else if kind v == "override" then
          down (mkOverride v.priority) v.content
        else if kind v == "order" then
          down (mkOrder v.priority) v.content
        else if isAttrs v then
          [ v ]
        else
          throw "The option `${showOption loc}' is a set of options, but is defined as ${lib.options.showValue v} in `${def.file}'.";
    in
    map (mapAttrs (
      _: value: {
        inherit (def) file;
        inherit value;
      }
    )) (go def.value);

  # The definitions in force: conditions applied, merges opened, the lowest priority, in order.
  inForce =
    defs:
    let
      open =
        file: priority: order: v:
        if kind v == "merge" then
          concatMap (open file priority order) v.contents
        else if kind v == "if" then
          if !builtins.isBool v.condition then
            throw "lib.mkIf called with a condition that is not a boolean, in `${file}'"
          else if v.condition then
            open file priority order v.content
          else
            [ ]
        else if kind v == "override" then
          open file v.priority order v.content
        else if kind v == "order" then
          open file priority v.priority v.content
        else
          [
            {
              inherit file priority order;
              value = v;
            }
          ];
      all = concatMap (d: open d.file defaultPriority 1000 d.value) defs;
      highest = foldl' (p: d: lib.min p d.priority) 9999 all;
      winners = filter (d: d.priority == highest) all;
      ordered = lib.any (d: d.order != 1000) winners;
    in
    {
      inherit highest;
      values = if ordered then builtins.sort (a: b: a.order < b.order) winners else winners;
    };

  # Merges the definitions of one option.
  mergeDefinitions =
    loc: type: defs:
    let
      force = inForce defs;
      wrong = filter (d: !type.check d.value) force.values;
      checked =
        merge:
        if force.values == [ ] then
          throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option."
        else if wrong != [ ] then
          throw "A definition for option `${showOption loc}' is not of type `${type.description}'. Definition values:${showDefs wrong}"
        else
          merge loc force.values;
    in
    {
      inherit (force) highest values;
      isDefined = force.values != [ ];
      value = checked type.merge;
      defined = checked (type.mergeDefined or type.merge);
      leaves = lib.optionals (force.values != [ ]) (checked (leavesOf type));
    };

  # The options that definitions say something of, each with its value and with the files: those inside of
  # the value where the type knows some, else the option itself.
  leavesOf =
    type: type.leaves or (loc: defs: leaf ((type.mergeDefined or type.merge) loc defs) loc defs);
  leaf = value: loc: defs: [
    {
      inherit loc value;
      files = map (d: d.file) defs;
    }
  ];

  evalOption =
    loc: option: defs:
    let
      type = option.type or lib.types.unspecified;
      fallback = lib.optional (option ? default) {
        file = option.file or "the option's default";
        value = mkOptionDefault option.default;
      };
      merged = mergeDefinitions loc type (defs ++ fallback);
      readOnly = (option.readOnly or false) && length (inForce defs).values > 1;
      value = addErrorContext "while evaluating the option `${showOption loc}':" (
        if readOnly then
          throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${showDefs defs}"
        else
          (option.apply or lib.id) merged.value
      );
    in
    option
    // {
      inherit loc type value;
      inherit (merged) isDefined leaves;
      defined = addErrorContext "while evaluating the option `${showOption loc}':" merged.defined;
      highestPrio = merged.highest;
      definitionsWithLocations = merged.values;
      definitions = map (d: d.value) merged.values;
      files = map (d: d.file) merged.values;
      isSet = (inForce defs).values != [ ];
    };

  # --- Trees -------------------------------------------------------------------

  # A node of the option tree: `option` or null, `children` by name, and `strict`: whether a
  # name that is not among the children is an error. `any` is the child for every name.
  emptyNode = {
    option = null;
    children = { };
    strict = false;
  };

  declare =
    file: strict: options:
    if lib.isOption options then
      emptyNode
      // {
        option = options // {
          inherit file;
        };
      }
    else
      emptyNode
      // {
        inherit strict;
        children = mapAttrs (_: declare file strict) options;
      };

  mergeNodes =
    loc: a: b:
    if a.option != null && b.option != null && !(a.weak or false) then
      throw "The option `${showOption loc}' in `${b.option.file or "?"}' is already declared in `${a.option.file or "?"}'."
    else if b.option != null then
      b
    else if a.option != null then
      a
    else
      {
        option = null;
        strict = a.strict || b.strict;
        children =
          a.children
          // mapAttrs (
            n: c: if a.children ? ${n} then mergeNodes (loc ++ [ n ]) a.children.${n} c else c
          ) b.children;
      };

  # Evaluates a set of options below loc. Sets that nothing declares take any value.
  evalTree =
    loc: node: defs:
    let
      defsByName = zipAttrsWith (_: ds: ds) (concatMap (pushDown loc) defs);
      undeclared = filter (n: !(node.children ? ${n})) (attrNames defsByName);
      branch =
        name:
        let
          child = node.children.${name} or emptyNode;
          here = loc ++ [ name ];
          childDefs = defsByName.${name} or [ ];
          # The top of the tree is sets of options even where nothing declares them.
          isSet = node.children ? ${name} || (length loc == 0 && lib.all (d: plainSet d.value) childDefs);
        in
        if child.option != null then
          {
            option = evalOption here child.option childDefs;
            unmatched = [ ];
          }
        else if isSet then
          {
            tree = evalTree here child childDefs;
            inherit (evalTree here child childDefs) unmatched;
          }
        else
          {
            option = evalOption here { type = lib.types.free; } childDefs;
            unmatched = [ ];
          };
      # Apart from each other: which options there are must not depend on what is defined.
      declaredBranches = mapAttrs (name: _: branch name) node.children;
      branches = declaredBranches // lib.genAttrs undeclared branch;
      # The tables know the families that quick-deploy has to do with, such as services.nginx. Another one takes any
      # value; what is one letter off one of them is a slip.
      isFamily = name: length loc == 1 && !lib.any (near name) (attrNames node.children);
      isDefined = b: if b ? tree then b.tree.defined != { } else b.option.isSet;
    in
    {
      config = mapAttrs (_: b: if b ? tree then b.tree.config else b.option.value) branches;
      options = mapAttrs (_: b: if b ? tree then b.tree.options else b.option) declaredBranches;
      # What the configuration says, without the defaults.
      defined = mapAttrs (_: b: if b ? tree then b.tree.defined else b.option.defined) (
        lib.filterAttrs (_: isDefined) (builtins.intersectAttrs defsByName branches)
      );
      # The same as a list of options: see leavesOf.
      leaves = concatMap (
        name:
        let
          b = branches.${name};
        in
        if b ? tree then b.tree.leaves else lib.optionals b.option.isSet b.option.leaves
      ) (attrNames defsByName);
      unmatched =
        lib.optionals node.strict (
          map (n: {
            loc = loc ++ [ n ];
            defs = defsByName.${n};
          }) (filter (n: !isFamily n) undeclared)
        )
        ++ concatMap (n: branches.${n}.unmatched) (attrNames defsByName);
    };

  plainSet =
    v:
    if kind v == "if" || kind v == "override" || kind v == "order" then
      plainSet v.content
    else if kind v == "merge" then
      lib.all plainSet v.contents
    else
      isAttrs v && kind v == null && !lib.isDerivation v;

  checkUnmatched =
    node: unmatched: result:
    if unmatched == [ ] then
      result
    else
      let
        first = head unmatched;
        siblings =
          attrNames
            (lib.foldl (n: part: n.children.${part} or emptyNode) node (lib.init first.loc)).children;
        close = filter (near (lib.last first.loc)) siblings;
        hint =
          if close == [ ] then
            ""
          else
            "\n\nDid you mean ${
              lib.concatMapStringsSep " or " (n: "`${showOption (lib.init first.loc ++ [ n ])}'") close
            }?";
      in
      throw "The option `${showOption first.loc}' does not exist. Definition values:${showDefs first.defs}${hint}";

  # Whether two names differ by one letter: added, left out, replaced, or two swapped.
  near =
    a: b:
    let
      n = builtins.stringLength a;
      m = builtins.stringLength b;
      cut =
        s: i: k:
        builtins.substring 0 i s + builtins.substring (i + k) (-1) s;
      positions = lib.range 0 (lib.min n m);
      without = s: lib.range 0 (builtins.stringLength s - 1);
      sorted = s: builtins.sort builtins.lessThan (lib.stringToCharacters s);
    in
    if n == m then
      lib.any (i: cut a i 1 == cut b i 1) positions || sorted a == sorted b
    else if n == m + 1 then
      lib.any (i: cut a i 1 == b) (without a)
    else
      m == n + 1 && lib.any (i: cut b i 1 == a) (without b);

  # --- Modules -----------------------------------------------------------------

  collect =
    args: config: modules:
    let
      call =
        f:
        let
          fromConfig = mapAttrs (
            name: _:
            addErrorContext "while evaluating the module argument `${name}':" (
              config._module.args.${name}
                or (throw "attribute '${name}' missing: no module argument has this name")
            )
          ) (builtins.removeAttrs (lib.functionArgs f) (attrNames args));
        in
        f (fromConfig // args);

      load =
        parent: key: m:
        if builtins.isPath m || builtins.isString m then
          load (toString m) (toString m) (import m)
        else if lib.isFunction m then
          load parent key (call m)
        else if !isAttrs m then
          throw "Module `${key}' is not a set or a function, but ${lib.options.showValue m}"
        else
          normalize parent key m;

      normalize =
        parent: key: m:
        let
          file = m._file or parent;
          meta = [
            "_file"
            "key"
            "imports"
            "disabledModules"
            "_class"
          ];
          explicit = kind m == null && (m ? config || m ? options);
          extra = attrNames (
            builtins.removeAttrs m (
              meta
              ++ [
                "config"
                "options"
                "freeformType"
                "meta"
              ]
            )
          );
        in
        if explicit && extra != [ ] then
          throw "Module `${file}' has an unsupported attribute `${head extra}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString extra}) into the explicit `config' attribute."
        else
          {
            key = m.key or key;
            inherit file;
            disabled = map toString (m.disabledModules or [ ]);
            imports = lib.imap1 (i: load file "${key}:anon-${toString i}") (m.imports or [ ]);
            options = if explicit then m.options or { } else { };
            config =
              if explicit then
                m.config or { }
              else if kind m != null then
                m
              else
                builtins.removeAttrs m meta;
          };

      closure = builtins.genericClosure {
        startSet = lib.imap1 (i: load "<unknown-file>" ":anon-${toString i}") modules;
        operator = m: m.imports;
      };
      disabled = concatMap (m: m.disabled) closure;
    in
    # What a module imports comes before its own definitions.
    lib.reverseList (filter (m: !builtins.elem m.key disabled) closure);

  evalModules =
    {
      modules,
      specialArgs ? { },
      # Options that no module declares.
      declared ? emptyNode,
      prefix ? [ ],
      strict ? true,
      ...
    }@given:
    let
      args = {
        inherit lib;
      }
      // specialArgs
      // {
        config = tree.config;
        options = tree.options;
      };
      collected = collect args tree.config modules;
      internal = {
        _file = "lib/modules.nix";
        options._module.args = lib.mkOption {
          type = lib.types.lazyAttrsOf lib.types.raw;
          default = { };
        };
      };
      declarations = [
        (declare internal._file false internal.options)
      ]
      ++ map (m: declare m.file strict m.options) collected;
      node = foldl' (mergeNodes prefix) declared declarations;
      tree = evalTree prefix node (
        map (m: {
          inherit (m) file;
          value = m.config;
        }) collected
      );
    in
    {
      config = checkUnmatched node tree.unmatched tree.config;
      options = checkUnmatched node tree.unmatched tree.options;
      inherit (tree) defined leaves;
      _module = { inherit specialArgs; };
      extendModules =
        more:
        evalModules (
          given
          // {
            modules = modules ++ more.modules or [ ];
            specialArgs = specialArgs // more.specialArgs or { };
          }
        );
      type = lib.types.submodule { imports = modules; };
      _type = "configuration";
    };

  # --- Properties --------------------------------------------------------------

  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkOrder = priority: content: {
    _type = "order";
    inherit priority content;
  };
  mkOptionDefault = mkOverride optionDefaultPriority;
in
{
  inherit
    evalModules
    mkIf
    mkMerge
    mkOverride
    mkOrder
    mkOptionDefault
    inForce
    mergeDefinitions
    leaf
    leavesOf
    evalTree
    checkUnmatched
    emptyNode
    declare
    mergeNodes
    kind
    collect
    ;
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  mkImageMediaOverride = mkOverride 60;
  mkVMOverride = mkOverride 10;
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  mkDefinition = { value, ... }: value;
  mkAliasDefinitions = option: mkIf option.isDefined (mkMerge option.definitions);
}
