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
          ];
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
            ${test}/bin/real.test -test.v -test.run '^TestReal$/^${case}$' > $out \
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
          real = realCheck pkgs quick-deploy-unwrapped (realTest quick-deploy-unwrapped);
        in
        {
          package = quick-deploy;
          tests = quick-deploy-unwrapped.overrideAttrs {
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
