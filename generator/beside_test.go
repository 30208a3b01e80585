package generator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// profiles are modules of nixpkgs that people import beside ours; the last one is an option.
var profilesOfNixpkgs = []string{
	"profiles/hardened",
	"profiles/headless",
	"profiles/minimal",
	"profiles/qemu-guest",
	"virtualisation/amazon-image",
	"virtualisation/digital-ocean-config",
	"virtualisation/lxc-container",
	"virtualisation/proxmox-lxc",
	"virtualisation/qemu-vm",
	"",
}

// Hosts evaluate beside the profiles of nixpkgs, and in a container.
func TestHostsEvaluateBesideProfilesOfNixpkgs(t *testing.T) {
	env := nixtest.New(t)
	// A desktop beside Amazon's image is a clash within nixpkgs (udisks2); with fwupd it is solved.
	for _, name := range []string{
		"all-services", "minimal",
		"preset-ai-workstation", "preset-homelab", "preset-server", "preset-workstation",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flake := env.Flake(t, lay(t, generate(t, os.DirFS(filepath.Join(goldenDir, name)))), nil)
			var modules strings.Builder
			for _, p := range profilesOfNixpkgs {
				if p == "" {
					modules.WriteString(" { boot.isContainer = true; }")
				} else {
					modules.WriteString(" ({ modulesPath, ... }: { imports = [ (modulesPath + \"/" + p + ".nix\") ]; })")
				}
			}
			flake.Eval(t, "nixosConfigurations", `hosts: builtins.concatMap (host: map (module:
  let
    machine = host.extendModules {
      modules = [ module ({ lib, ... }: { _module.args.definedOptions = lib.mkForce machine.defined; }) ];
    };
  in
  machine.config.system.build.toplevel.drvPath) [`+modules.String()+` ]) (builtins.attrValues hosts)`)
		})
	}
}
