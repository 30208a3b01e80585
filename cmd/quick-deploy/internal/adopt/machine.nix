# What a NixOS configuration says, as data. Nothing is built and nothing is written.
#
# ask: "system", "defined", "values" or "check" (see adopt.go); flake and host for a configuration in a
# flake, else file; nixpkgs: folder, that of the search path without it; lenient: let pass options that
# this nixpkgs does not have; services, watch: JSON;
# root: folder below which the machine's own files lie.
{
  ask,
  file ? "",
  flake ? "",
  host ? "",
  lenient ? "",
  nixpkgs ? "",
  root ? "",
  services ? "[]",
  watch ? "[]",
}:
let
  inherit (builtins)
    attrNames
    concatLists
    deepSeq
    elem
    filter
    foldl'
    fromJSON
    getFlake
    hasAttr
    head
    isAttrs
    isFunction
    isList
    length
    listToAttrs
    map
    mapAttrs
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
      hostname = try "" (config.networking.hostName or "");
      timezone = try "" (config.time.timeZone or "");
      locale = try "" (config.i18n.defaultLocale or "");
      keyboard.layout = try "" (config.services.xserver.xkb.layout or "");
      stateVersion = try "" (config.system.stateVersion or "");
      release = try "" (config.system.nixos.release or "");
      nixpkgs = try "" (toString machine.pkgs.path);
      homes = try [ ] (attrNames (config.home-manager.users or { }));
      root = try "" (toString config.fileSystems."/".device);
      loader =
        let
          found = filter (name: try false (config.boot.loader.${name}.enable or false)) [
            "systemd-boot"
            "grub"
            "limine"
            "generic-extlinux-compatible"
          ];
        in
        if found == [ ] then
          ""
        else if head found == "generic-extlinux-compatible" then
          "extlinux"
        else
          head found;
      desktops =
        filter
          (
            n:
            try false (config.services.desktopManager.${n}.enable or false)
            || try false (config.programs.${n}.enable or false)
            || try false (config.services.xserver.desktopManager.${n}.enable or false)
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
      services = filter (s: value false s.option == true) (fromJSON services);
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
