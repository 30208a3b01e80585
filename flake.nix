{
  description = "quick-deploy: from one YAML profile to a running, reproducible, reversible NixOS";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    # For the checks: homes are evaluated too.
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
      # The newest release that the changelog has; a release is the tag of that name.
      releases = lib.filter lib.isList (
        builtins.split "\n## \\[([0-9][^]]*)]" (builtins.readFile ./CHANGELOG.md)
      );
      version = if releases == [ ] then "dev" else lib.head (lib.head releases);

      repository = "https://github.com/quick-deploy/quick-deploy";

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
          go,
          buildGoModule,
          # go.mod asks for Go 1.26, which need not be the default.
          buildGo126Module ? null,
          installShellFiles,
          nix-update-script ? null,
        }:
        let
          module = "github.com/quick-deploy/quick-deploy/cmd/quick-deploy";
          source = "${self.rev},${self.narHash},${toString self.lastModified}";
          build =
            if lib.versionAtLeast go.version "1.26" then
              buildGoModule
            else if buildGo126Module != null then
              buildGo126Module
            else
              throw ''
                quick-deploy is built with Go 1.26 or newer, and this nixpkgs (${lib.trivial.release}) has none.
                Take the package of quick-deploy's own flake, which brings its nixpkgs along:
                inputs.quick-deploy.packages.${stdenv.hostPlatform.system}.default, without
                inputs.quick-deploy.inputs.nixpkgs.follows.'';
        in
        build {
          pname = "quick-deploy-unwrapped";
          inherit version;
          src = lib.fileset.toSource {
            root = ./.;
            fileset = lib.fileset.unions [
              ./cmd
              ./CONTRIBUTING.md
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
              ./SECURITY.md
            ];
          };
          # The hash of what `go mod vendor` makes. A test of generator/nixtest compares the two.
          vendorHash = "sha256-fNPBjkUpQdPn4cKWkSbpjQwA81R2i3lu4unkO4sBXGY=";

          subPackages = [ "cmd/quick-deploy" ];
          env.CGO_ENABLED = 0;
          ldflags = [
            "-s"
            "-w"
            "-X main.version=${version}"
          ]
          # A flake that installs the program pins it to this (deployment.installTool).
          ++ lib.optional (self ? rev) "-X ${module}/internal/app.builtFrom=${source}";
          # A first `nix run` on a new machine should not wait for the tests; they are a check.
          doCheck = false;

          nativeBuildInputs = [ installShellFiles ];
          postInstall = ''
            installManPage schema/*.5
            cd cmd/quick-deploy/internal/cli
            installManPage man/*
            installShellCompletion --cmd quick-deploy \
              --bash completion/quick-deploy.bash \
              --fish completion/quick-deploy.fish \
              --zsh completion/quick-deploy.zsh
          '';

          # The version is the changelog's, so only the hash of the modules is to be updated.
          passthru = lib.optionalAttrs (nix-update-script != null) {
            updateScript = nix-update-script {
              extraArgs = [
                "--flake"
                "--version=skip"
              ];
            };
          };

          meta = {
            description = "From one YAML profile to a running, reproducible, reversible NixOS";
            homepage = repository;
            changelog =
              if version == "dev" then
                "${repository}/blob/main/CHANGELOG.md"
              else
                "${repository}/releases/tag/v${version}";
            license = lib.licenses.mit;
            maintainers = [ ];
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
          nvd,
          # NixOS 24.11 and older do not have it; a machine has its own nixos-rebuild.
          nixos-rebuild-ng ? null,
          tests ? { },
        }:
        symlinkJoin {
          # NixOS 24.05 asks for it.
          name = "quick-deploy-${quick-deploy-unwrapped.version}";
          pname = "quick-deploy";
          inherit (quick-deploy-unwrapped) version;
          paths = [ quick-deploy-unwrapped ];
          nativeBuildInputs = [ makeBinaryWrapper ];
          # The machine's own tools come first.
          postBuild = ''
            wrapProgram $out/bin/quick-deploy \
              --suffix PATH : ${
                lib.makeBinPath (
                  [
                    git
                    nvd
                  ]
                  ++ lib.optional (nixos-rebuild-ng != null) nixos-rebuild-ng
                )
              } \
              --set-default PCIDB_PATH ${hwdata}/share/hwdata/pci.ids
          '';
          passthru = {
            inherit tests;
            unwrapped = quick-deploy-unwrapped;
          }
          // lib.optionalAttrs (quick-deploy-unwrapped ? updateScript) {
            inherit (quick-deploy-unwrapped) updateScript;
          };
          inherit (quick-deploy-unwrapped) meta;
        };

      packagesFor = pkgs: rec {
        quick-deploy-unwrapped = pkgs.callPackage unwrapped { };
        quick-deploy = pkgs.callPackage wrapped {
          inherit quick-deploy-unwrapped;
          tests = {
            go = goTests pkgs quick-deploy-unwrapped;
            install = installTest pkgs quick-deploy;
          };
        };
        default = quick-deploy;
      };

      # All of the program's own tests.
      goTests =
        pkgs: unwrapped:
        unwrapped.overrideAttrs {
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

      # What is installed: a program that starts and says its version, a manual page for each
      # command, and completions.
      installTest =
        pkgs: quick-deploy:
        pkgs.runCommandLocal "quick-deploy-install"
          {
            nativeBuildInputs = [
              pkgs.man-db
              quick-deploy
            ];
          }
          ''
            export HOME=$PWD MANPATH=${quick-deploy}/share/man
            quick-deploy --version | grep -F ${lib.escapeShellArg version}
            for page in ${./cmd/quick-deploy/internal/cli/man}/*; do
              man -w "$(basename "$page" .1)" > /dev/null
            done
            man -w 5 quick-deploy.yaml > /dev/null
            for file in bash-completion/completions/quick-deploy.bash \
              fish/vendor_completions.d/quick-deploy.fish zsh/site-functions/_quick-deploy; do
              test -s ${quick-deploy}/share/$file
            done
            touch $out
          '';

      # A module that may be imported twice, as by a generated flake and a local.nix.
      once = name: module: {
        _file = "quick-deploy's flake.nix";
        key = "quick-deploy#${name}";
        imports = [ module ];
      };

      # The options of programs.quick-deploy that NixOS and home-manager share.
      program =
        {
          config,
          lib,
          pkgs,
          ...
        }:
        let
          cfg = config.programs.quick-deploy;
          packages = self.packages.${pkgs.stdenv.hostPlatform.system};
          place =
            what: variable:
            lib.mkOption {
              type = lib.types.nullOr lib.types.singleLineStr;
              default = null;
              description = ''
                ${what}, as an absolute path or one that begins with `$HOME`. It is what
                {env}`${variable}` is set to; a flag on the command line overrides it.
              '';
            };
          outside =
            path:
            lib.hasPrefix "$HOME/" path
            || lib.hasPrefix "/" path && !(lib.hasPrefix builtins.storeDir path);
          checkPlace = name: value: {
            assertion = value == null || outside value;
            message =
              "programs.quick-deploy.${name} is ${builtins.toJSON value}, but it has to be "
              + "an absolute path outside of the store, or one that begins with $HOME/";
          };
        in
        {
          options.programs.quick-deploy = {
            enable = lib.mkEnableOption "quick-deploy, which makes a NixOS flake of a profile";
            package = lib.mkPackageOption packages "quick-deploy" {
              pkgsText = "inputs.quick-deploy.packages.\${pkgs.stdenv.hostPlatform.system}";
            };
            flake = place "Folder that quick-deploy keeps the flake in" "QUICK_DEPLOY_FLAKE" // {
              example = "$HOME/machines/flake";
            };
            profile = place "Profile that quick-deploy reads" "QUICK_DEPLOY_PROFILE" // {
              example = "$HOME/machines/quick-deploy.yaml";
            };
          };

          config = lib.mkIf cfg.enable {
            assertions = [
              (checkPlace "flake" cfg.flake)
              (checkPlace "profile" cfg.profile)
            ];
          };
        };

      variablesOf =
        cfg:
        lib.filterAttrs (_: value: value != null) {
          QUICK_DEPLOY_FLAKE = cfg.flake;
          QUICK_DEPLOY_PROFILE = cfg.profile;
        };

      nixosModule =
        { config, lib, ... }:
        let
          cfg = config.programs.quick-deploy;
        in
        {
          imports = [ program ];

          options.programs.quick-deploy.completion = lib.mkOption {
            type = lib.types.bool;
            default = true;
            description = ''
              Whether shells find quick-deploy's completions among those of the system, also a shell
              that only home-manager has configured.
            '';
          };

          config = lib.mkIf cfg.enable {
            environment = {
              systemPackages = [ cfg.package ];
              variables = variablesOf cfg;
              pathsToLink = lib.mkIf cfg.completion [
                "/share/bash-completion"
                "/share/fish/vendor_completions.d"
                "/share/zsh/site-functions"
              ];
            };
          };
        };

      # Completions come with the package: home-manager links all that a package has.
      homeModule =
        { config, lib, ... }:
        let
          cfg = config.programs.quick-deploy;
        in
        {
          imports = [ program ];

          config = lib.mkIf cfg.enable {
            home = {
              packages = [ cfg.package ];
              sessionVariables = variablesOf cfg;
            };
          };
        };

      # Evaluates the modules with the NixOS and the home-manager of flake.lock.
      modulesCheck =
        pkgs:
        let
          settings.programs.quick-deploy = {
            enable = true;
            flake = "/etc/nixos";
            profile = "$HOME/quick-deploy.yaml";
          };
          system = nixpkgs.lib.nixosSystem {
            modules = [
              self.nixosModules.default
              settings
              {
                nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform.system;
                system.stateVersion = "26.05";
              }
            ];
          };
          home = home-manager.lib.homeManagerConfiguration {
            inherit pkgs;
            modules = [
              self.homeModules.default
              settings
              {
                home = {
                  username = "ada";
                  homeDirectory = "/home/ada";
                  stateVersion = "26.05";
                };
              }
            ];
          };
          ours = lib.getAttrs [
            "QUICK_DEPLOY_FLAKE"
            "QUICK_DEPLOY_PROFILE"
          ];
          want = variablesOf settings.programs.quick-deploy;
          inherit (packagesFor pkgs) quick-deploy;
        in
        assert ours system.config.environment.variables == want;
        assert ours home.config.home.sessionVariables == want;
        assert lib.elem quick-deploy system.config.environment.systemPackages;
        assert lib.elem quick-deploy home.config.home.packages;
        pkgs.runCommandLocal "quick-deploy-modules" { } "touch $out";

      # The test of the generator that evaluates what it writes, as a program of its own.
      realTest =
        unwrapped:
        unwrapped.overrideAttrs {
          pname = "quick-deploy-real-test";
          buildPhase = ''
            runHook preBuild
            go test -c -o real.test ./generator
            runHook postBuild
          '';
          installPhase = ''
            runHook preInstall
            install -D real.test $out/bin/real.test
            runHook postInstall
          '';
          postInstall = "";
        };

      # The golden cases, those of the presets among them, and the profiles of the documentation.
      goldenCases = lib.filterAttrs (_: type: type == "directory") (builtins.readDir ./golden);
      realCases = [ "docs" ] ++ lib.attrNames goldenCases;

      # A case with the nixpkgs and the home-manager of flake.lock: NixOS's own modules and real
      # packages. Nix runs inside of the build, with a store of its own and without a network.
      realCheck =
        pkgs: unwrapped: test: case:
        pkgs.runCommandLocal "quick-deploy-real-${case}"
          {
            nativeBuildInputs = [ pkgs.nix ];
            QUICK_DEPLOY_TEST_NIXPKGS = nixpkgs.outPath;
            QUICK_DEPLOY_TEST_HOME_MANAGER = home-manager.outPath;
            # Without a Nix the test fails.
            CI = "true";
          }
          ''
            export HOME=$PWD
            cd ${unwrapped.src}/generator
            ${test}/bin/real.test -test.v -test.run '^TestReal(VM)?$/^${case}$' > $out \
              || { cat $out; exit 1; }
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

      nixosModules = rec {
        quick-deploy = once "nixosModules" nixosModule;
        default = quick-deploy;
      };

      homeModules = rec {
        quick-deploy = once "homeModules" homeModule;
        default = quick-deploy;
      };

      overlays.default = final: _prev: {
        inherit (packagesFor final) quick-deploy quick-deploy-unwrapped;
      };

      devShells = forAllSystems (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.go_1_26
            pkgs.golangci-lint
            pkgs.gopls
            pkgs.nixfmt-tree
            pkgs.shellcheck
          ];
        };
      });

      formatter = forAllSystems (pkgs: pkgs.nixfmt-tree);

      checks = forAllSystems (
        pkgs:
        let
          inherit (packagesFor pkgs) quick-deploy quick-deploy-unwrapped;
          inherit (quick-deploy) tests;
          real = realCheck pkgs quick-deploy-unwrapped (realTest quick-deploy-unwrapped);
        in
        {
          package = quick-deploy;
          tests = tests.go;
          inherit (tests) install;
          modules = modulesCheck pkgs;
          formatting =
            pkgs.runCommandLocal "quick-deploy-formatting" { nativeBuildInputs = [ pkgs.nixfmt ]; }
              ''
                find ${./modules} ${./golden} ${./flake.nix} -name '*.nix' -exec nixfmt --check {} +
                touch $out
              '';
        }
        // lib.listToAttrs (map (case: lib.nameValuePair "real-${case}" (real case)) realCases)
        // lib.optionalAttrs (pkgs.stdenv.hostPlatform.system == "x86_64-linux") (
          import ./generator/nixtest/vm {
            inherit pkgs nixpkgs quick-deploy;
          }
        )
      );

      templates.default = {
        path = ./docs/template;
        description = "A first profile for quick-deploy";
      };
    };
}
