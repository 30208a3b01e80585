# Syncthing with its web page on the loopback. Devices and folders that a profile names are added
# to those that were set up on the page.
{ config, lib, ... }:
let
  cfg = config.services.syncthing;
  home = config.users.users.${cfg.user}.home or cfg.dataDir;
  # In its user's home it creates folders itself; elsewhere it may not.
  mayMake = path: lib.any (parent: lib.hasPrefix "${parent}/" path) [ "~" home cfg.dataDir ];
  outside = lib.filter (path: !mayMake path) (
    lib.mapAttrsToList (_: folder: folder.path) cfg.settings.folders
  );
in
{
  services.syncthing = {
    enable = lib.mkDefault true;
    overrideDevices = lib.mkDefault false;
    overrideFolders = lib.mkDefault false;
    # Decline usage reports.
    settings.options.urAccepted = lib.mkDefault (-1);
  };

  # Created only if missing: an existing folder keeps its owner and its mode.
  systemd.tmpfiles.settings.syncthing = lib.genAttrs outside (_: {
    d = {
      mode = ":0750";
      user = ":${cfg.user}";
      group = ":${cfg.group}";
    };
  });
}
