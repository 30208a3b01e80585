{
  description = "quick-deploy: from one YAML profile to a running, reproducible, reversible NixOS";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    # For the checks: the homes of the built-in profiles are evaluated too.
    home-manager = {
      url = "github:nix-community/home-manager/release-26.05";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      home-manager,
    }:
    let
      inherit (nixpkgs) lib;
      version = "0.1.0";

      forAllSystems =
        f:
        lib.genAttrs [
          "x86_64-linux"
          "aarch64-linux"
        ] (system: f nixpkgs.legacyPackages.${system});

      # The program and nothing else: a newer git or pci.ids does not rebuild it.
      unwrapped =
        {
          lib,
          stdenv,
          buildGoModule,
          # go.mod asks for Go 1.26, which need not be the default.
          buildGo126Module ? buildGoModule,
          installShellFiles,
        }:
        buildGo126Module {
          pname = "quick-deploy-unwrapped";
          inherit version;
          src = lib.fileset.toSource {
            root = ./.;
            fileset = lib.fileset.unions [
              ./cmd
              ./docs
              ./flake.lock
              ./flake.nix
              ./generator
              ./go.mod
              ./go.sum
              ./golden
              ./modules
              ./README.md
              ./schema
            ];
          };
          # The hash of what `go mod vendor` makes. A test of generator/nixtest compares the two.
          vendorHash = "sha256-DbVS8cstkWSVtW7vOM0CF2Mf5w1ldKNHVyy5BGWAz0M=";

          subPackages = [ "cmd/quick-deploy" ];
          env.CGO_ENABLED = 0;
          ldflags = [
            "-s"
            "-w"
            "-X main.version=${version}"
          ];
          # A first `nix run` on a new machine should not wait for the tests; they are a check.
          doCheck = false;

          nativeBuildInputs = [ installShellFiles ];
          postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
            installShellCompletion --cmd quick-deploy \
              --bash <($out/bin/quick-deploy completion bash) \
              --fish <($out/bin/quick-deploy completion fish) \
              --zsh <($out/bin/quick-deploy completion zsh)
            $out/bin/quick-deploy man > quick-deploy.1
            installManPage quick-deploy.1
          '';

          meta = {
            description = "From one YAML profile to a running, reproducible, reversible NixOS";
            homepage = "https://github.com/quick-deploy/quick-deploy";
            license = lib.licenses.mit;
            mainProgram = "quick-deploy";
            platforms = lib.platforms.linux;
          };
        };

      wrapped =
        {
          lib,
          symlinkJoin,
          makeBinaryWrapper,
          quick-deploy-unwrapped,
          git,
          hwdata,
          nixos-rebuild-ng,
          nvd,
        }:
        symlinkJoin {
          pname = "quick-deploy";
          inherit (quick-deploy-unwrapped) version;
          paths = [ quick-deploy-unwrapped ];
          nativeBuildInputs = [ makeBinaryWrapper ];
          # The machine's own tools come first.
          postBuild = ''
            wrapProgram $out/bin/quick-deploy \
              --suffix PATH : ${
                lib.makeBinPath [
                  git
                  nixos-rebuild-ng
                  nvd
                ]
              } \
              --set-default PCIDB_PATH ${hwdata}/share/hwdata/pci.ids
          '';
          passthru.unwrapped = quick-deploy-unwrapped;
          inherit (quick-deploy-unwrapped) meta;
        };

      packagesFor = pkgs: rec {
        quick-deploy-unwrapped = pkgs.callPackage unwrapped { };
        quick-deploy = pkgs.callPackage wrapped { inherit quick-deploy-unwrapped; };
        default = quick-deploy;
      };

      presets = map (lib.removeSuffix ".yaml") (
        builtins.filter (lib.hasSuffix ".yaml") (builtins.attrNames (builtins.readDir ./schema/presets))
      );

      # A machine from a built-in profile, evaluated as far as its toplevel with the nixpkgs of
      # flake.lock. Nix runs inside of the build, with a store of its own and without a network.
      presetCheck =
        pkgs: preset:
        let
          machine = pkgs.writeText "machine.nix" ''
            tree:
            let
              call =
                dir: inputs:
                let
                  self = (import (dir + "/flake.nix")).outputs (inputs // { inherit self; }) // {
                    inherit inputs;
                    outPath = dir;
                  };
                in
                self;
              nixpkgs = call ${nixpkgs} { };
              home-manager = call ${home-manager} { inherit nixpkgs; };
              flake = call tree { inherit nixpkgs home-manager; };
              inherit (nixpkgs) lib;
              host = flake.nixosConfigurations.example.extendModules {
                # What a probe would have found.
                modules = [
                  {
                    boot.loader.grub.enable = lib.mkDefault false;
                    fileSystems."/" = lib.mkDefault {
                      device = "none";
                      fsType = "tmpfs";
                    };
                  }
                ];
              };
            in
            [ host.config.system.build.toplevel.drvPath ]
            ++ map (home: home.activationPackage.drvPath) (builtins.attrValues (flake.homeConfigurations or { }))
          '';
        in
        pkgs.runCommandLocal "quick-deploy-preset-${preset}"
          {
            nativeBuildInputs = [
              pkgs.nix
              (packagesFor pkgs).quick-deploy
            ];
          }
          ''
            export HOME=$PWD NIX_STORE_DIR=$PWD/store NIX_STATE_DIR=$PWD/state NIX_LOG_DIR=$PWD/log
            mkdir root
            cat > quick-deploy.yaml <<'YAML'
            version: 1
            extends: [preset:${preset}]
            hosts: {example: {system: ${pkgs.stdenv.hostPlatform.system}, stateVersion: "26.05"}}
            YAML
            quick-deploy --profile quick-deploy.yaml --flake tree --root root --yes generate
            nix-instantiate --eval --strict --expr "import ${machine} $PWD/tree" > $out
          '';
    in
    {
      packages = forAllSystems packagesFor;

      apps = forAllSystems (
        pkgs:
        let
          app = {
            type = "app";
            program = lib.getExe (packagesFor pkgs).quick-deploy;
            meta.description = "Turn a profile into a NixOS flake and apply it";
          };
        in
        {
          default = app;
          quick-deploy = app;
        }
      );

      overlays.default = final: _prev: {
        inherit (packagesFor final) quick-deploy quick-deploy-unwrapped;
      };

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.go_1_26
            pkgs.go-tools
            pkgs.gopls
            pkgs.nixfmt-tree
            pkgs.shellcheck
          ];
        };
      });

      formatter = forAllSystems (pkgs: pkgs.nixfmt-tree);

      checks = forAllSystems (
        pkgs:
        {
          package = (packagesFor pkgs).quick-deploy;
          tests = (packagesFor pkgs).quick-deploy-unwrapped.overrideAttrs {
            doCheck = true;
            nativeCheckInputs = [
              pkgs.git
              pkgs.nix
              pkgs.nixfmt
            ];
            # All packages, and with CI=true: a test that finds no Nix fails. That the hash of the
            # modules is right has shown before: they are there.
            checkPhase = ''
              runHook preCheck
              export HOME=$PWD/home CI=true GOFLAGS=''${GOFLAGS//-trimpath/}
              go test -vet=off -skip '^TestVendorHash$' ./...
              runHook postCheck
            '';
          };
          formatting =
            pkgs.runCommandLocal "quick-deploy-formatting" { nativeBuildInputs = [ pkgs.nixfmt ]; }
              ''
                find ${./modules} ${./golden} ${./flake.nix} -name '*.nix' -exec nixfmt --check {} +
                touch $out
              '';
        }
        // lib.listToAttrs (
          map (preset: lib.nameValuePair "preset-${preset}" (presetCheck pkgs preset)) presets
        )
      );

      templates.default = {
        path = ./docs/template;
        description = "A first profile for quick-deploy";
      };
    };
}
