# What a NixOS configuration says, as data. Nothing is built and nothing is written.
#
# ask: "system", "defined", "values" or "check" (see adopt.go); flake and host for a configuration in a
# flake, else file; nixpkgs: folder, that of the search path without it; lenient: let pass options that
# this nixpkgs does not have; modules: folder of the catalogue's modules; services, watch: JSON;
# root: folder below which the machine's own files lie.
{
  ask,
  file ? "",
  flake ? "",
  host ? "",
  lenient ? "",
  modules ? "",
  nixpkgs ? "",
  root ? "",
  services ? "[]",
  watch ? "[]",
}:
let
  inherit (builtins)
    any
    attrNames
    concatLists
    deepSeq
    elem
    elemAt
    filter
    foldl'
    fromJSON
    functionArgs
    getFlake
    hasAttr
    head
    intersectAttrs
    isAttrs
    isFunction
    isList
    length
    listToAttrs
    map
    mapAttrs
    match
    replaceStrings
    sort
    stringLength
    substring
    tryEval
    ;

  flakeSource = getFlake flake;
  hosts = flakeSource.nixosConfigurations or { };
  name = if hasAttr host hosts || length (attrNames hosts) != 1 then host else head (attrNames hosts);
  folder = if nixpkgs != "" then nixpkgs else <nixpkgs>;
  machine =
    if flake != "" then
      hosts.${name}
        or (throw "the flake has no nixosConfigurations.${host}; it has ${toString (attrNames hosts)}")
    else
      import (folder + "/nixos/lib/eval-config.nix") (
        {
          system = builtins.currentSystem;
          modules = [ file ];
          # The modules of quick-deploy's flake are given its inputs; what they import from them is left out here.
          specialArgs.inputs.nixpkgs = {
            outPath = toString folder;
            lib = import (folder + "/lib");
          };
        }
        // (if lenient == "" then { } else { check = false; })
      );
  inherit (machine) config options;

  # A value, or the fallback where evaluating it throws.
  try =
    fallback: value:
    let
      result = tryEval (deepSeq value value);
    in
    if result.success then result.value else fallback;

  isPackage = v: isAttrs v && (v.type or null) == "derivation";

  # A value as JSON can hold it: packages and functions by what one calls them. A part of a set
  # that has no value, such as an option of a submodule that nobody set, spoils that part only.
  show =
    depth: v:
    if isPackage v then
      v.name or "a package"
    else if isFunction v then
      "a function"
    else if depth == 0 then
      "…"
    else if isAttrs v then
      mapAttrs (_: part: try "no value" (show (depth - 1) part)) v
    else if isList v then
      map (show (depth - 1)) v
    else if builtins.isPath v then
      toString v
    else
      v;

  at = foldl' (
    found: part:
    if found.there && isAttrs found.value && hasAttr part found.value then
      {
        there = true;
        value = found.value.${part};
      }
    else
      {
        there = false;
        value = null;
      }
  );
  get =
    path:
    at {
      there = true;
      value = config;
    } path;
  value =
    fallback: path: try fallback (if (get path).there then show 6 (get path).value else fallback);
  isOn = path: value false path == true;

  # --- The enable option of a module of the catalogue -----------------------------

  content =
    v:
    if isAttrs v && (v._type or null) == "override" then
      content v.content
    else if isAttrs v && v ? _type then
      null
    else
      v;
  enables =
    depth: path: v:
    let
      c = try null (content v);
      shallow = content v;
    in
    if path != [ ] && elemAt path (length path - 1) == "enable" then
      if c == true then [ path ] else [ ]
    else if depth == 0 || !isAttrs shallow || isPackage shallow then
      [ ]
    else
      concatLists (map (n: enables (depth - 1) (path ++ [ n ]) shallow.${n}) (attrNames shallow));
  letters = s: builtins.genList (i: substring i 1 s) (stringLength s);
  simple = replaceStrings (letters "-ABCDEFGHIJKLMNOPQRSTUVWXYZ") (
    [ "" ] ++ letters "abcdefghijklmnopqrstuvwxyz"
  );
  contains = long: short: match ".*${short}.*" long != null;
  related =
    service: path:
    any
      (
        part:
        part != ""
        && match "[a-z0-9]+" (simple part) != null
        && (
          contains (simple part) (simple service)
          || contains (simple service) (simple part) && stringLength part > 3
        )
      )
      (
        filter (
          p:
          !elem p [
            "services"
            "servers"
            "enable"
          ]
        ) path
      );
  enableOf =
    service:
    let
      f = import (modules + "/${service.module}.nix");
      arguments = {
        inherit config options;
        inherit (machine) pkgs;
        lib = machine.lib or machine.pkgs.lib;
      };
      m = if isFunction f then f (intersectAttrs (functionArgs f) arguments) else f;
      found = filter (related service.name) (enables 5 [ ] (m.config or m));
      shortest = sort (a: b: length a < length b) found;
    in
    if shortest == [ ] then [ ] else head shortest;
  serviceList = map (s: rec {
    inherit (s) name;
    option = enableOf s;
    on = option != [ ] && isOn option;
  }) (fromJSON services);

  # --- Answers --------------------------------------------------------------------

  groups = u: try [ ] u.extraGroups;
  shellName =
    u:
    let
      s = try "" (u.shell.pname or u.shell.name or (toString u.shell));
    in
    if builtins.isString s then s else "";
  people = filter (n: try false config.users.users.${n}.isNormalUser) (
    attrNames (config.users.users or { })
  );

  answers = {
    system = {
      hostname = value "" [
        "networking"
        "hostName"
      ];
      timezone = value "" [
        "time"
        "timeZone"
      ];
      locale = value "" [
        "i18n"
        "defaultLocale"
      ];
      keyboard.layout = value "" [
        "services"
        "xserver"
        "xkb"
        "layout"
      ];
      stateVersion = value "" [
        "system"
        "stateVersion"
      ];
      release = value "" [
        "system"
        "nixos"
        "release"
      ];
      nixpkgs = try "" (toString machine.pkgs.path);
      homes = try [ ] (attrNames (config.home-manager.users or { }));
      root = try "" (toString config.fileSystems."/".device);
      loader =
        if
          isOn [
            "boot"
            "loader"
            "systemd-boot"
            "enable"
          ]
        then
          "systemd-boot"
        else if
          isOn [
            "boot"
            "loader"
            "grub"
            "enable"
          ]
        then
          "grub"
        else if
          isOn [
            "boot"
            "loader"
            "limine"
            "enable"
          ]
        then
          "limine"
        else if
          isOn [
            "boot"
            "loader"
            "generic-extlinux-compatible"
            "enable"
          ]
        then
          "extlinux"
        else
          "";
      desktops =
        filter
          (
            n:
            isOn [
              "services"
              "desktopManager"
              n
              "enable"
            ]
            || isOn [
              "programs"
              n
              "enable"
            ]
            || isOn [
              "services"
              "xserver"
              "desktopManager"
              n
              "enable"
            ]
          )
          [
            "cosmic"
            "gnome"
            "plasma6"
            "hyprland"
          ];
      users = map (
        n:
        let
          u = config.users.users.${n};
        in
        {
          name = n;
          description = try "" u.description;
          shell = shellName u;
          admin = elem "wheel" (groups u);
          keys = try [ ] u.openssh.authorizedKeys.keys;
        }
      ) people;
      services = map (s: { inherit (s) name option; }) (filter (s: s.on) serviceList);
    };

    # The options that the machine's own files define, with the files.
    defined =
      let
        below = f: substring 0 (stringLength root + 1) f == root + "/";
        prefix = if flake != "" then toString flakeSource.outPath else root;
        # A module that stands in flake.nix itself has no file.
        inline = f: flake != "" && f == "<unknown-file>";
        mine = f: inline f || below f || substring 0 (stringLength prefix + 1) f == prefix + "/";
        relative =
          f:
          let
            base = if below f then root else prefix;
          in
          if inline f then "flake.nix" else substring (stringLength base + 1) (-1) f;
        walk =
          path: o:
          if isAttrs o && (o._type or null) == "option" then
            let
              files = try [ ] (map toString (o.files or [ ]));
              own = filter mine files;
            in
            if own == [ ] then
              [ ]
            else
              [
                {
                  inherit path;
                  files = map relative own;
                }
              ]
          else if isAttrs o && !isPackage o then
            concatLists (map (n: if n == "_module" then [ ] else walk (path ++ [ n ]) o.${n}) (attrNames o))
          else
            [ ];
      in
      walk [ ] options;

    # What options come to; null where a definition stands against another.
    values = listToAttrs (
      map (path: {
        name = builtins.toJSON path;
        value = value null path;
      }) (fromJSON watch)
    );
    # Whether a system comes of it: the assertions that fail, and the system itself where none does.
    check =
      let
        failed = map (a: a.message) (filter (a: !a.assertion) config.assertions);
      in
      if failed != [ ] then failed else builtins.seq config.system.build.toplevel.drvPath [ ];
  };
in
answers.${ask}
