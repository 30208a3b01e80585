# What NixOS itself defines in its config: each definition in a file of nixpkgs, with its option, priority and value,
# in one machine.
{
  nixpkgs, # folder of a nixpkgs
  nixos, # folder that holds nixos/, the same but for modules of another age
  lib, # folder that holds lib/, likewise
  packages ? "[ ]", # JSON: names of packages that the modules want and the nixpkgs is too old for
  machine, # JSON: its switches, names of options that are true, and its profile, a module below nixos/modules or ""
}:
let
  inherit (builtins)
    attrNames
    concatMap
    isAttrs
    isFunction
    isList
    isString
    tryEval
    ;
  dir = name: /. + name;
  lib' = import (dir lib + "/lib");
  inherit (lib') isDerivation isOption;
  pkgs = import (dir nixpkgs) {
    system = "x86_64-linux";
    config.allowUnfree = true;
    overlays = [
      (import ./older.nix {
        apart = nixos != nixpkgs;
        nixpkgs = dir nixpkgs;
        packages = builtins.fromJSON packages;
      })
    ];
  };
  prefix = toString (dir nixos) + "/";

  inherit (builtins.fromJSON machine) switches profile;
  inherit
    (import (dir nixos + "/nixos/lib/eval-config.nix") {
      system = null;
      lib = lib';
      modules = [
        {
          _file = "machine";
          nixpkgs.pkgs = pkgs;
          boot.loader.grub.enable = lib'.mkDefault false;
          fileSystems."/" = lib'.mkDefault {
            device = "none";
            fsType = "tmpfs";
          };
          system.stateVersion = lib'.trivial.release;
          users.users.someone.isNormalUser = true;
          _module.check = false;
          # The manual is made from all options.
          documentation.nixos.enable = false;
        }
      ]
      ++ map (name: lib'.setAttrByPath (lib'.splitString "." name) true) switches
      ++ lib'.optional (profile != "") (dir nixos + "/nixos/modules/${profile}.nix");
    })
    options
    ;

  # What a system is made of in the end, and what takes long to evaluate and clashes with nothing.
  skipped = [
    "_module"
    "assertions"
    "boot.initrd.systemd"
    "boot.uki"
    "environment.etc"
    "environment.systemPackages"
    "ids"
    "lib"
    "meta"
    "nixpkgs"
    "security.apparmor.policies"
    "security.pam.services"
    "specialisation"
    "system.activationScripts"
    "system.build"
    "system.nssDatabases"
    "system.requiredKernelConfig"
    "system.systemBuilderArgs"
    "systemd.packages"
    "systemd.units"
    "systemd.user.units"
    "warnings"
  ];
  scripts = "(preStart|postStart|preStop|postStop|reload|script|path|Exec.*|.*[tT]riggers|text|source|packages)";

  # Options that are switched on, with the files that declare them, and definitions.
  walk =
    path: node:
    if builtins.elem (lib'.showOption path) skipped then
      [ ]
    else if isOption node then
      option path node
    else
      concatMap (name: walk (path ++ [ name ]) node.${name}) (attrNames node);

  option =
    path: o:
    let
      priority = tryEval o.highestPrio;
      value = tryEval o.value;
      count = tryEval (builtins.length o.definitionsWithLocations);
    in
    lib'.optional (!(o ? apply) && lib'.last path == "enable" && o.type.name == "bool" && value.success && value.value) {
      on = path;
      files = concatMap own (map toString o.declarations);
    }
    ++ lib'.optionals (priority.success && priority.value < 1500 && count.success) (
      concatMap (
        d:
        concatMap (file: map (leaf: leaf // { inherit file; }) (leaves path priority.value d.value)) (
          own (toString d.file)
        )
      ) o.definitionsWithLocations
    );

  own = file: lib'.optional (lib'.hasPrefix prefix file) (lib'.removePrefix prefix file);

  # A set that has the priority of a plain definition is one definition for each of its attributes.
  leaves =
    path: priority: content:
    let
      forced = tryEval content;
      v = forced.value;
      condition = tryEval v.condition;
      kind = if isAttrs v then v._type or "" else "";
      atom = [
        {
          option = path;
          inherit priority;
          value = plain v;
        }
      ];
    in
    if !forced.success || builtins.match scripts (lib'.last path) != null then
      [ ]
    else if kind == "override" then
      leaves path v.priority v.content
    else if kind == "if" then
      lib'.optionals (condition.success && condition.value) (leaves path priority v.content)
    else if kind == "merge" then
      concatMap (leaves path priority) v.contents
    else if kind == "order" then
      leaves path priority v.content
    else if
      isAttrs v
      && kind == ""
      && priority == 100
      && !isDerivation v
      && !(v ? outPath || v ? __toString || v ? __functor)
      && builtins.length path < 8
    then
      concatMap (name: leaves (path ++ [ name ]) priority v.${name}) (attrNames v)
    else
      atom;

  # What JSON cannot hold, and what the revision of nixpkgs decides, is there by its kind.
  plain =
    v:
    if isDerivation v then
      { type = "package"; }
    else if isFunction v || v ? __functor then
      { type = "function"; }
    else if isString v || builtins.isPath v then
      let
        text = toString v;
      in
      if builtins.hasContext text || builtins.match "/nix/.*|${prefix}.*|.*\n.*|.{100,}" text != null then
        { type = "string"; }
      else
        text
    else if isList v then
      { type = "list"; }
    else if isAttrs v then
      { type = "set"; }
    else
      v;
  # The option that a path leads to or into: a switch may lie in a set of servers.
  enclosing =
    node: path:
    if isOption node || path == [ ] then node else enclosing (node.${builtins.head path} or { }) (builtins.tail path);
in
map (
  name:
  let
    path = lib'.splitString "." name;
    node = enclosing options path;
  in
  {
    on = path;
    files = lib'.optionals (isOption node) (concatMap own (map toString node.declarations));
  }
) switches
++ concatMap (name: walk [ name ] options.${name}) (attrNames options)
