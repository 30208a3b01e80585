# What modules and flakes ask of nixpkgs' lib, under the same names.
let
  lib =
    builtins
    // strings
    // lists
    // attrs
    // trivial
    // {
      inherit strings lists trivial;
      attrsets = attrs;
      modules = import ./modules.nix { inherit lib; };
      options = import ./options.nix { inherit lib; };
      types = import ./types.nix { inherit lib; };
      inherit (lib.modules)
        evalModules
        mkIf
        mkMerge
        mkOverride
        mkForce
        mkDefault
        mkOptionDefault
        mkVMOverride
        mkImageMediaOverride
        mkOrder
        mkBefore
        mkAfter
        mkAliasDefinitions
        mkDefinition
        ;
      inherit (lib.options)
        mkOption
        mkEnableOption
        mkPackageOption
        literalExpression
        literalMD
        isOption
        showOption
        ;
      licenses =
        builtins.mapAttrs
          (spdxId: free: {
            inherit spdxId free;
            shortName = spdxId;
          })
          {
            mit = true;
            asl20 = true;
            gpl3Plus = true;
            unfree = false;
          };
      # Sets of files are lists of paths here.
      fileset = {
        unions = lib.concatMap lib.toList;
        union =
          a: b:
          lib.fileset.unions [
            a
            b
          ];
        maybeMissing = path: if builtins.pathExists path then path else [ ];
        toSource =
          { root, fileset }:
          let
            wanted = map toString (lib.toList fileset);
            inside = file: dir: file == dir || lib.hasPrefix "${dir}/" file;
          in
          {
            outPath = builtins.path {
              path = root;
              name = "source";
              filter = file: _: lib.any (w: inside file w || inside w file) wanted;
            };
            inherit root;
          };
      };
      platforms = {
        linux = [
          "x86_64-linux"
          "aarch64-linux"
        ];
        all = lib.platforms.linux;
      };
      sourceTypes = { };
      maintainers = { };
      versions = {
        majorMinor = v: builtins.concatStringsSep "." (lib.take 2 (lib.splitString "." v));
        major = v: builtins.head (lib.splitString "." v);
      };
      version = "26.05";
      generators = {
        toJSON = _: builtins.toJSON;
        toYAML = _: builtins.toJSON;
        toPretty = _: lib.options.showValue;
        mkKeyValueDefault =
          _: sep: k: v:
          "${k}${sep}${if builtins.isBool v then lib.boolToString v else toString v}";
        toKeyValue =
          _: set:
          lib.concatStrings (
            lib.mapAttrsToList (k: v: lib.generators.mkKeyValueDefault { } "=" k v + "\n") set
          );
        toINI =
          _: set:
          builtins.concatStringsSep "\n" (
            lib.mapAttrsToList (section: values: "[${section}]\n" + lib.generators.toKeyValue { } values) set
          );
      };
    };

  trivial = {
    id = x: x;
    const = x: _: x;
    flip =
      f: a: b:
      f b a;
    pipe = builtins.foldl' (x: f: f x);
    mod = a: b: a - b * (a / b);
    boolToString = b: if b then "true" else "false";
    min = a: b: if a < b then a else b;
    max = a: b: if a > b then a else b;
    isFunction = f: builtins.isFunction f || f ? __functor;
    functionArgs = f: if f ? __functor then f.__functionArgs or { } else builtins.functionArgs f;
    setFunctionArgs = f: args: {
      __functor = _: f;
      __functionArgs = args;
    };
    toHexString = lib.toBase 16;
    toBase =
      base: n:
      let
        digit = d: builtins.substring d 1 "0123456789ABCDEF";
        go = n: if n < base then digit n else go (n / base) + digit (trivial.mod n base);
      in
      go n;
    importJSON = file: builtins.fromJSON (builtins.readFile file);
    importTOML = file: builtins.fromTOML (builtins.readFile file);
    warn = msg: builtins.trace "evaluation warning: ${msg}";
    warnIf = cond: msg: if cond then trivial.warn msg else trivial.id;
    throwIf = cond: msg: if cond then throw msg else trivial.id;
    throwIfNot = cond: trivial.throwIf (!cond);
    assertMsg = cond: msg: cond || throw msg;
    release = "26.05";
    fix =
      f:
      let
        x = f x;
      in
      x;
    composeExtensions =
      f: g: final: prev:
      let
        a = f final prev;
      in
      a // g final (prev // a);
    composeManyExtensions = builtins.foldl' trivial.composeExtensions (_: _: { });
    extends =
      overlay: f: final:
      let
        prev = f final;
      in
      prev // overlay final prev;
  };

  lists = rec {
    singleton = x: [ x ];
    optional = cond: x: if cond then [ x ] else [ ];
    optionals = cond: xs: if cond then xs else [ ];
    flatten = x: if builtins.isList x then builtins.concatMap flatten x else [ x ];
    fold = foldr;
    foldr =
      f: nul: xs:
      if xs == [ ] then nul else f (builtins.head xs) (foldr f nul (builtins.tail xs));
    foldl = builtins.foldl';
    imap0 = f: xs: builtins.genList (i: f i (builtins.elemAt xs i)) (builtins.length xs);
    imap1 = f: imap0 (i: f (i + 1));
    range = from: to: if from > to then [ ] else builtins.genList (i: from + i) (to - from + 1);
    take = n: xs: builtins.genList (builtins.elemAt xs) (trivial.min n (builtins.length xs));
    drop =
      n: xs:
      let
        rest = builtins.length xs - n;
      in
      if rest <= 0 then [ ] else builtins.genList (i: builtins.elemAt xs (i + n)) rest;
    last = xs: builtins.elemAt xs (builtins.length xs - 1);
    init = xs: take (builtins.length xs - 1) xs;
    reverseList =
      xs:
      let
        n = builtins.length xs;
      in
      builtins.genList (i: builtins.elemAt xs (n - 1 - i)) n;
    count = pred: xs: builtins.length (builtins.filter pred xs);
    findFirst =
      pred: default: xs:
      let
        found = builtins.filter pred xs;
      in
      if found == [ ] then default else builtins.head found;
    unique = builtins.foldl' (acc: x: if builtins.elem x acc then acc else acc ++ [ x ]) [ ];
    remove = x: builtins.filter (y: y != x);
    subtractLists = xs: builtins.filter (y: !builtins.elem y xs);
    intersectLists = xs: builtins.filter (y: builtins.elem y xs);
    toList = x: if builtins.isList x then x else [ x ];
    zipListsWith =
      f: a: b:
      builtins.genList (i: f (builtins.elemAt a i) (builtins.elemAt b i)) (
        trivial.min (builtins.length a) (builtins.length b)
      );
    naturalSort = builtins.sort builtins.lessThan;
    sortOn = f: builtins.sort (a: b: f a < f b);
    replicate = n: x: builtins.genList (_: x) n;
  };

  attrs = rec {
    attrByPath =
      path: default: set:
      if path == [ ] then
        set
      else if set ? ${builtins.head path} then
        attrByPath (builtins.tail path) default set.${builtins.head path}
      else
        default;
    hasAttrByPath =
      path: set:
      path == [ ]
      || (set ? ${builtins.head path} && hasAttrByPath (builtins.tail path) set.${builtins.head path});
    getAttrFromPath = path: set: builtins.foldl' (s: name: s.${name}) set path;
    setAttrByPath = path: value: lists.foldr (name: v: { ${name} = v; }) value path;
    attrVals = names: set: map (n: set.${n}) names;
    getAttrs = names: set: genAttrs names (n: set.${n});
    genAttrs =
      names: f:
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = f name;
        }) names
      );
    nameValuePair = name: value: { inherit name value; };
    mapAttrs' = f: set: builtins.listToAttrs (mapAttrsToList f set);
    mapAttrsToList = f: set: map (n: f n set.${n}) (builtins.attrNames set);
    attrsToList = mapAttrsToList nameValuePair;
    concatMapAttrs = f: set: builtins.foldl' (a: b: a // b) { } (mapAttrsToList f set);
    filterAttrs =
      pred: set:
      builtins.removeAttrs set (builtins.filter (n: !pred n set.${n}) (builtins.attrNames set));
    optionalAttrs = cond: set: if cond then set else { };
    recursiveUpdate =
      a: b:
      a
      // builtins.mapAttrs (
        n: v:
        if builtins.isAttrs v && builtins.isAttrs (a.${n} or null) then recursiveUpdate a.${n} v else v
      ) b;
    foldAttrs =
      op: nul: sets:
      builtins.mapAttrs (_: lists.foldr op nul) (zipAttrs sets);
    zipAttrs = builtins.zipAttrsWith (_: vs: vs);
    zipAttrsWith = builtins.zipAttrsWith;
    mergeAttrsList = builtins.foldl' (a: b: a // b) { };
    mapAttrsRecursive =
      f:
      let
        go =
          path:
          builtins.mapAttrs (n: v: if builtins.isAttrs v then go (path ++ [ n ]) v else f (path ++ [ n ]) v);
      in
      go [ ];
    isDerivation = v: (v.type or null) == "derivation";
    getOutput = output: pkg: pkg.${output} or pkg.out or pkg;
    getBin = getOutput "bin";
    getLib = getOutput "lib";
    getDev = getOutput "dev";
    getMan = getOutput "man";
    getExe = pkg: "${getBin pkg}/bin/${pkg.meta.mainProgram or pkg.pname}";
    getExe' = pkg: name: "${getBin pkg}/bin/${name}";
    recurseIntoAttrs = set: set // { recurseForDerivations = true; };
    toDerivation = path: {
      type = "derivation";
      outPath = path;
      name = builtins.baseNameOf path;
    };
    getName =
      p:
      if builtins.isString p then
        (builtins.parseDrvName p).name
      else
        p.pname or (builtins.parseDrvName p.name).name;
    getVersion =
      p:
      if builtins.isString p then
        (builtins.parseDrvName p).version
      else
        p.version or (builtins.parseDrvName p.name).version;
    mapCartesianProduct = f: set: map f (cartesianProduct set);
    cartesianProduct =
      set:
      builtins.foldl' (acc: n: builtins.concatMap (a: map (v: a // { ${n} = v; }) set.${n}) acc) [ { } ] (
        builtins.attrNames set
      );
  };

  strings = rec {
    inherit (attrs) getName getVersion;
    concatStrings = builtins.concatStringsSep "";
    concatMapStrings = f: xs: concatStrings (map f xs);
    concatMapStringsSep =
      sep: f: xs:
      builtins.concatStringsSep sep (map f xs);
    concatLines = concatMapStrings (l: l + "\n");
    concatImapStrings = f: xs: concatStrings (lists.imap1 f xs);
    optionalString = cond: s: if cond then s else "";
    hasPrefix = p: s: builtins.substring 0 (builtins.stringLength p) s == p;
    hasSuffix =
      p: s:
      let
        n = builtins.stringLength s;
        m = builtins.stringLength p;
      in
      n >= m && builtins.substring (n - m) m s == p;
    hasInfix = p: s: builtins.length (splitString p s) > 1;
    removePrefix =
      p: s: if hasPrefix p s then builtins.substring (builtins.stringLength p) (-1) s else s;
    removeSuffix =
      p: s:
      if hasSuffix p s then
        builtins.substring 0 (builtins.stringLength s - builtins.stringLength p) s
      else
        s;
    splitString = sep: s: builtins.filter builtins.isString (builtins.split (escapeRegex sep) s);
    stringToCharacters = s: builtins.genList (i: builtins.substring i 1 s) (builtins.stringLength s);
    escape = chars: builtins.replaceStrings chars (map (c: "\\${c}") chars);
    escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
    replaceStrings = builtins.replaceStrings;
    replaceString = from: to: builtins.replaceStrings [ from ] [ to ];
    escapeShellArg =
      arg:
      let
        s = toString arg;
      in
      if builtins.match "[[:alnum:],._+:@%/-]+" s != null then
        s
      else
        "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] s}'";
    escapeShellArgs = concatMapStringsSep " " escapeShellArg;
    escapeNixString = s: escape [ "$" ] (builtins.toJSON s);
    toLower = builtins.replaceStrings (stringToCharacters upper) (stringToCharacters lower);
    toUpper = builtins.replaceStrings (stringToCharacters lower) (stringToCharacters upper);
    upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    lower = "abcdefghijklmnopqrstuvwxyz";
    trim = s: builtins.head (builtins.match "[[:space:]]*((.*[^[:space:]])?)[[:space:]]*" s);
    fixedWidthString =
      width: fill: s:
      if builtins.stringLength s >= width then s else fixedWidthString width fill (fill + s);
    fixedWidthNumber = width: n: fixedWidthString width "0" (toString n);
    versionAtLeast = a: b: builtins.compareVersions a b >= 0;
    versionOlder = a: b: builtins.compareVersions a b < 0;
    toInt = s: builtins.fromJSON s;
    isStringLike = x: builtins.isString x || builtins.isPath x || x ? outPath || x ? __toString;
    isConvertibleWithToString =
      x: isStringLike x || builtins.isInt x || builtins.isFloat x || builtins.isBool x || x == null;
    sanitizeDerivationName =
      s:
      concatStrings (
        map (p: if builtins.isList p then "-" else p) (builtins.split "[^[:alnum:]+._?=-]+" s)
      );
    makeBinPath = concatMapStringsSep ":" (p: "${attrs.getBin p}/bin");
    makeLibraryPath = concatMapStringsSep ":" (p: "${attrs.getLib p}/lib");
    makeSearchPath = sub: concatMapStringsSep ":" (p: "${p}/${sub}");
    fileContents = file: removeSuffix "\n" (builtins.readFile file);
    readFile = builtins.readFile;
    isStorePath = x: hasPrefix builtins.storeDir (toString x);
  };
in
lib
