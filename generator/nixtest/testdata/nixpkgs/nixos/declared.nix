# The options of NixOS, so that a name or a type that is wrong there is wrong here. To the
# table come defaults that NixOS computes and that modules of quick-deploy read.
{ lib, pkgs }:
let
  table = lib.importJSON ./declared.json;
  computed = {
    boot.isContainer = false;
    networking.firewall.checkReversePath = true;
    services.displayManager.autoLogin.enable = false;
    services.forgejo.database.path = "/var/lib/forgejo/data/forgejo.db";
    services.forgejo.settings.server.ROOT_URL = "http://localhost:3000/";
    services.gitea.database.path = "/var/lib/gitea/data/gitea.db";
    services.gitea.settings.server.ROOT_URL = "http://localhost:3000/";
    services.ollama.models = "/var/lib/ollama/models";
    services.redis.servers."<name>".save = [
      [
        900
        1
      ]
      [
        300
        10
      ]
      [
        60
        10000
      ]
    ];
  };
  listed = import ../lib/declared.nix { inherit lib pkgs; } (
    lib.foldl lib.recursiveUpdate table [
      (lib.mapAttrsRecursive (_: value: { "=" = value; }) computed)
      { services.nginx.virtualHosts."=" = { }; }
    ]
  );
in
lib.modules.mergeNodes [ ] listed (
  lib.modules.declare "nixos/declared.nix" true {
    # An option that the manual does not show.
    services.displayManager.sessionData = lib.mkOption {
      type = lib.types.raw;
      default.desktops = pkgs.standIn "desktops";
    };
    # What colmena's own modules set, should a test bring them.
    system.activationScripts = lib.mkOption {
      type = lib.types.attrsOf lib.types.free;
      default = { };
    };
    systemd.paths = lib.mkOption {
      type = lib.types.attrsOf lib.types.free;
      default = { };
    };
    # The manual says only "function"; a list is taken for a function that returns it. What it comes to
    # is told by the packages.
    services.postgresql.extensions = lib.mkOption {
      type =
        let
          packages = lib.types.listOf lib.types.package;
          type = lib.types.coercedTo packages (list: _: list) (lib.types.functionTo packages);
        in
        type // { mergeDefined = loc: defs: type.merge loc defs pkgs.postgresql16Packages; };
      default = _: [ ];
    };
    networking.hostName = lib.mkOption {
      type = lib.types.str;
      default = "nixos";
    };
  }
)
