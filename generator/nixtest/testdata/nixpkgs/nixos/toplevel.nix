# config.system.build.toplevel: a real derivation laid out like a NixOS system. What the
# configuration says is recorded in it, so that each change of an option makes another system.
{
  config,
  definedOptions,
  lib,
  pkgs,
  ...
}:
let
  # A value as JSON can hold it. Packages become their paths, and so are built.
  plain =
    v:
    if lib.isDerivation v then
      v.outPath
    else if lib.isFunction v then
      "<function>"
    else if builtins.isAttrs v then
      if v ? outPath then "${v}" else builtins.mapAttrs (_: plain) v
    else if builtins.isList v then
      map plain v
    else if builtins.isPath v then
      toString v
    else
      v;

  record =
    builtins.removeAttrs definedOptions [
      "_module"
      "assertions"
      "deployment" # colmena's own
      "specialisation"
      "warnings"
    ]
    // {
      # What packages are made with, whoever made them.
      nixpkgs = lib.filterAttrs (name: v: name != "pkgs" && v != [ ] && v != { }) (
        definedOptions.nixpkgs or { } // { inherit (pkgs) config; }
      );
      system = lib.filterAttrs (name: v: name != "build" && v != { }) (definedOptions.system or { });
      systemd = lib.filterAttrs (_: v: v != { }) (definedOptions.systemd or { });
    };

  failed = map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
  check =
    toplevel:
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (m: "- ${m}") failed}"
    else
      lib.foldl (drv: message: lib.warn message drv) toplevel config.warnings;

  inherit (config.system.nixos) release version;
in
{
  _file = "nixos/toplevel.nix";

  system.build = {
    toplevel = check (
      pkgs.runCommandLocal "nixos-system-${config.networking.hostName}-${version}"
        {
          configuration = builtins.toJSON (plain record);
          switch = builtins.readFile ./switch-to-configuration.sh;
          inherit (config.nixpkgs) system;
          passAsFile = [
            "configuration"
            "switch"
          ];
          inherit version;
          path = config.environment.systemPackages;
        }
        ''
          mkdir -p $out/bin $out/etc $out/sw/bin $out/specialisation
          cp "$configurationPath" $out/etc/configuration.json
          cp "$switchPath" $out/bin/switch-to-configuration
          chmod +x $out/bin/switch-to-configuration
          for package in $path; do
            for program in "$package"/bin/*; do
              [ ! -e "$program" ] || ln -sf "$program" $out/sw/bin/
            done
          done
          printf '#!/bin/sh\necho %s\n' "$version" > $out/sw/bin/nixos-version
          printf '#!/bin/sh\n' > $out/activate
          printf '#!/bin/sh\n' > $out/init
          chmod +x $out/activate $out/init $out/sw/bin/nixos-version
          printf %s "$version" > $out/nixos-version
          printf %s "$system" > $out/system
          printf '{}' > $out/switch-inhibitors
          echo ${lib.escapeShellArg (toString (config.boot.kernelParams or [ ]))} > $out/kernel-params
          echo "kernel of ${release}" > $out/kernel
          echo "initrd of ${release}" > $out/initrd
        ''
    );

    # Laid out like NixOS's. What would start the machine says so.
    vm = pkgs.runCommandLocal "nixos-vm" { } ''
      mkdir -p $out/bin
      ln -s ${config.system.build.toplevel} $out/system
      printf '#!/bin/sh\necho "a stand-in starts no machine" >&2\nexit 1\n' \
        > $out/bin/run-${config.networking.hostName}-vm
      chmod +x $out/bin/run-${config.networking.hostName}-vm
    '';

    # The variants of system.build.images; what is in one is its name.
    images = lib.genAttrs [ "iso" "lxc" "qemu" "sd-card" ] (
      variant:
      pkgs.runCommandLocal "nixos-${variant}" { } ''
        mkdir -p $out
        echo ${variant} of ${config.system.build.toplevel} > $out/nixos.img
      ''
    );
  };
}
