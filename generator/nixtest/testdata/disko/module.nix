{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  # The file systems in the content of a disk, a partition, a container or a subvolume.
  mounts =
    device: content:
    if content == null then
      [ ]
    else if content ? mountpoint && content.mountpoint != null then
      [
        {
          inherit device;
          inherit (content) mountpoint;
          fsType = content.format or content.type or "auto";
          options = content.mountOptions or [ "defaults" ];
        }
      ]
      ++ inner device content
    else
      inner device content;
  inner =
    device: content:
    lib.concatLists (
      lib.mapAttrsToList (name: p: mounts "/dev/disk/by-partlabel/${name}" (p.content or null)) (
        content.partitions or { }
      )
      ++ lib.mapAttrsToList (_: sub: mounts device ({ format = "btrfs"; } // sub)) (
        content.subvolumes or { }
      )
      ++ lib.optional (content ? content) (
        mounts "/dev/mapper/${content.name or "crypt"}" content.content
      )
    );
  all = lib.concatLists (
    lib.mapAttrsToList (_: d: mounts d.device (d.content or null)) config.disko.devices.disk
  );
in
{
  _file = "disko/module.nix";
  options.disko = {
    enableConfig = mkOption {
      type = types.bool;
      default = true;
    };
    imageBuilder = mkOption {
      type = types.anything;
      default = { };
    };
    devices = lib.genAttrs [ "disk" "lvm_vg" "mdadm" "nodev" "zpool" ] (
      _:
      mkOption {
        type = types.attrsOf types.anything;
        default = { };
      }
    );
  };
  config = {
    fileSystems = lib.mkIf config.disko.enableConfig (
      builtins.listToAttrs (
        map (m: lib.nameValuePair m.mountpoint { inherit (m) device fsType options; }) all
      )
    );
    system.build.diskoScript = builtins.toFile "disko" "#!/bin/sh\necho 'a stand-in formats nothing' >&2\nexit 1\n";
  };
}
