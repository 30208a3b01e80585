# What a file of a flake finds in scope: the builtins as pure evaluation has them (Nix manual, pure-eval).
# The paths that may be read are not decided here.
let
  pinned =
    name: hashes: f: arg:
    if builtins.isAttrs arg && builtins.any (hash: arg ? ${hash}) hashes then
      f arg
    else
      throw "${name} of ${
        if builtins.isAttrs arg then toString (arg.url or arg.path or "?") else toString arg
      } has no hash";

  pure =
    builtins.removeAttrs builtins [
      "currentSystem"
      "currentTime"
      "storePath"
    ]
    // {
      builtins = pure;
      nixPath = [ ];
      getEnv = _: "";
      fetchTarball = pinned "fetchTarball" [ "sha256" ] builtins.fetchTarball;
      fetchurl = pinned "fetchurl" [ "sha256" ] builtins.fetchurl;
      fetchGit = pinned "fetchGit" [
        "rev"
        "narHash"
      ] builtins.fetchGit;
      fetchMercurial = pinned "fetchMercurial" [ "rev" ] builtins.fetchMercurial;
      fetchTree = pinned "fetchTree" [
        "rev"
        "narHash"
      ] builtins.fetchTree;
    };
in
{
  builtins = pure;
  inherit (pure) fetchTarball fetchGit fetchMercurial;
  __nixPath = [ ];
  __findFile = _: name: throw "<${name}> is looked up in a channel";
  __currentSystem = throw "builtins.currentSystem has no value in a flake";
  __currentTime = throw "builtins.currentTime has no value in a flake";
}
