# Packages that cost next to nothing to build: each has a program under its own name that
# says what it stands for. names.txt lists them; unfree.txt names those that are not free.
{
  lib,
  system,
  config,
  overlays,
}:
final:
let
  words =
    file:
    builtins.filter (w: builtins.isString w && w != "") (
      builtins.split "[[:space:]]+" (builtins.readFile file)
    );
  unfree = lib.genAttrs (words ./unfree.txt) (_: true);

  # Builders use the tools of the machine; nixtest writes down where they are.
  run =
    name: env: script:
    derivation (
      env
      // {
        inherit name system;
        builder = "/bin/sh";
        args = [
          "-c"
          "PATH=${import ./tools.nix}; set -eu\n${script}"
        ];
      }
    );

  # The attributes and functions of a package, around its derivation.
  package =
    {
      pname,
      version,
      meta ? { },
      passthru ? { },
      ...
    }@attrs:
    drv:
    let
      refuse = throw "Package ‘${pname}-${version}’ has an unfree license (‘unfree’), refusing to evaluate.";
      allowed =
        meta.license.free or true
        || config.allowUnfree or false
        || (config.allowUnfreePredicate or (_: false)) self;
      self =
        drv
        // passthru
        // {
          inherit pname version passthru;
          meta = {
            mainProgram = pname;
            description = "stand-in for ${pname}";
            platforms = lib.platforms.all;
          }
          // meta;
          outPath = if allowed then drv.outPath else refuse;
          drvPath = if allowed then drv.drvPath else refuse;
          out = self;
          bin = self;
          dev = self;
          lib = self;
          man = self;
          # What was asked for is part of the name, so that another wish is another package.
          override =
            change:
            package attrs (
              derivation (
                drv.drvAttrs
                // {
                  name = lib.strings.sanitizeDerivationName (
                    drv.name
                    + lib.concatStrings (lib.mapAttrsToList (n: v: "-${n}=${lib.options.showValue v}") change)
                  );
                }
              )
            );
          overrideAttrs =
            change: package (attrs // (if lib.isFunction change then change attrs else change)) drv;
        };
    in
    self;

  program =
    pname:
    package
      {
        inherit pname;
        version = "1.0";
        meta.license = if unfree ? ${pname} then lib.licenses.unfree else lib.licenses.mit;
        passthru.withPackages =
          choose:
          let
            packages = choose (final."${pname}Packages" or final);
            names = lib.concatStringsSep "-" ([ pname "with" ] ++ map lib.getName packages);
            # A name may have 211 characters.
            name =
              if builtins.stringLength names < 200 then
                names
              else
                "${builtins.substring 0 160 names}.${builtins.hashString "sha1" names}";
          in
          package
            {
              pname = name;
              version = "1.0";
            }
            (
              run name { inherit packages; } ''
                mkdir -p $out/bin
                echo "$packages" > $out/packages
                printf '#!/bin/sh\necho "stand-in for ${pname}"\n' > $out/bin/${pname}
                chmod +x $out/bin/*
              ''
            );
      }
      (
        run "${pname}-1.0" { } ''
          mkdir -p $out/bin
          printf '#!/bin/sh\necho "stand-in for ${pname}"\n' > $out/bin/${pname}
          chmod +x $out/bin/*
        ''
      );

  # Of a name "a.b.c", c is a package in the set b of the set a.
  programs =
    let
      tree =
        paths:
        builtins.mapAttrs (
          name: below:
          let
            rest = builtins.filter (path: path != [ ]) (map builtins.tail below);
          in
          if rest == [ ] then program name else tree rest
        ) (builtins.groupBy builtins.head paths);
    in
    tree (map (lib.splitString ".") (words ./names.txt));

  file =
    name: destination: mode: text:
    package
      {
        pname = name;
        version = "1.0";
      }
      (
        run name
          {
            inherit text;
            passAsFile = [ "text" ];
          }
          ''
            file=$out${destination}
            mkdir -p "''${file%/*}"
            cp "$textPath" "$file"
            chmod ${mode} "$file"
          ''
      );
  script =
    name: destination: text:
    file name destination "755" "#!/bin/sh\n${text}";

  # A build that is not run: its inputs count, its phases do not.
  mkDerivation =
    given:
    let
      attrs = if lib.isFunction given then lib.fix given else given;
      name = attrs.name or "${attrs.pname}-${attrs.version}";
      plain = lib.filterAttrs (
        n: v:
        !builtins.elem n [
          "meta"
          "passthru"
          "env"
          "name"
          "system"
          "builder"
          "args"
          "outputs"
        ]
        && !lib.isFunction v
        && (!builtins.isAttrs v || v ? outPath)
      ) attrs;
    in
    package {
      pname = attrs.pname or (lib.getName name);
      version = attrs.version or (lib.getVersion name);
      meta = attrs.meta or { };
      passthru = attrs.passthru or { };
    } (run name (plain // attrs.env or { }) "mkdir $out; echo ${lib.escapeShellArg name} > $out/name");

  format = name: render: _: {
    type = lib.types.anything;
    generate = file: value: final.writeText file (render value);
    inherit name;
  };
in
programs
// {
  inherit
    lib
    config
    overlays
    system
    ;
  inherit mkDerivation;
  # A package of any name.
  standIn = name: program (lib.last (lib.splitString "." name));
  stdenv = {
    inherit mkDerivation system;
    buildPlatform = final.stdenv.hostPlatform;
    hostPlatform = {
      inherit system;
      isLinux = true;
      canExecute = _: true;
      isx86_64 = system == "x86_64-linux";
      isAarch64 = system == "aarch64-linux";
    };
  };
  stdenvNoCC = final.stdenv;
  buildGoModule = mkDerivation;
  buildGo126Module = mkDerivation;
  path = ./.;
  extend = overlay: lib.fix (lib.extends overlay (_: final));
  callPackage =
    f: args:
    let
      function = if lib.isFunction f then f else import f;
    in
    function (builtins.intersectAttrs (lib.functionArgs function) final // args);

  runCommand =
    name: env: text:
    package {
      pname = lib.getName name;
      version = "1.0";
    } (run name env text);
  runCommandLocal = final.runCommand;
  writeText =
    name: text:
    package
      {
        pname = name;
        version = "1.0";
      }
      (
        run name {
          inherit text;
          passAsFile = [ "text" ];
        } ''cp "$textPath" $out''
      );
  writeTextDir = path: text: file (baseNameOf path) "/${path}" "644" text;
  writeTextFile =
    {
      name,
      text,
      destination ? "",
      executable ? false,
      ...
    }:
    if destination == "" then
      final.writeText name text
    else
      file name destination (if executable then "755" else "644") text;
  writeScriptBin = name: text: file name "/bin/${name}" "755" text;
  writeShellScriptBin = name: text: script name "/bin/${name}" text;
  writeShellScript =
    name: text:
    package
      {
        pname = name;
        version = "1.0";
      }
      (
        run name {
          text = "#!/bin/sh\n${text}";
          passAsFile = [ "text" ];
        } ''cp "$textPath" $out; chmod +x $out''
      );
  writeShellApplication = { name, text, ... }: script name "/bin/${name}" text;
  symlinkJoin =
    { paths, ... }@args:
    let
      name = args.name or "${args.pname}-${args.version}";
    in
    package
      {
        pname = args.pname or (lib.getName name);
        version = args.version or "1.0";
        meta = args.meta or { };
        passthru = args.passthru or { };
      }
      (
        # postBuild counts as an input, and is not run: the hooks that it calls are nixpkgs' own.
        run name
          {
            inherit paths;
            postBuild = args.postBuild or "";
          }
          ''
            mkdir -p $out
            for path in $paths; do
              for entry in "$path"/*; do
                [ ! -e "$entry" ] || cp -rsf "$entry" $out/
              done
            done
          ''
      );
  buildEnv = final.symlinkJoin;
  linkFarm =
    name: entries:
    package
      {
        pname = name;
        version = "1.0";
      }
      (
        run name { } (
          "mkdir -p $out\n"
          + lib.concatMapStrings (e: "ln -s ${e.path} $out/${lib.escapeShellArg e.name}\n") (
            if builtins.isAttrs entries then
              lib.mapAttrsToList (name: path: { inherit name path; }) entries
            else
              entries
          )
        )
      );
  mkShell =
    args:
    mkDerivation {
      name = args.name or "nix-shell";
      tools = args.packages or [ ];
    };
  mkShellNoCC = final.mkShell;

  nix-update-script = args: [ "nix-update" ] ++ args.extraArgs or [ ];

  # The machines are not evaluated: that takes NixOS's own modules.
  testers.runNixOSTest =
    test: run "vm-test-run-${test.name}" { inherit (test) testScript; } "mkdir $out";

  formats = {
    json = format "json" builtins.toJSON;
    yaml = format "yaml" builtins.toJSON;
    toml = format "toml" builtins.toJSON;
    ini = format "ini" (lib.generators.toINI { });
    keyValue = format "keyValue" (lib.generators.toKeyValue { });
  };
}
