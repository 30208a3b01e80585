package hardware_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

func TestMain(m *testing.M) { nixtest.Main(m) }

// Nix itself reads every golden configuration, and what it holds is what was
// decided: here the root file system, of all machines in one evaluation.
func TestNixReadsTheConfigurations(t *testing.T) {
	env := nixtest.New(t)
	env.ParseDir(t, filepath.Join("testdata", "machines"))
	dir, err := filepath.Abs(filepath.Join("testdata", "machines"))
	if err != nil {
		t.Fatal(err)
	}
	expr := fmt.Sprintf(`
		let
		  dir = %s;
		  names = builtins.filter (n: builtins.match ".*[.]nix" n != null) (builtins.attrNames (builtins.readDir dir));
		  id = x: x;
		  lib = { mkDefault = id; mkOverride = _: id; };
		  # Only the arguments that a module takes are built, by name.
		  args = {
		    inherit lib;
		    config.hardware = {
		      enableRedistributableFirmware = true;
		      nvidia.prime = { sync.enable = false; offload.enable = true; };
		    };
		    modulesPath = "/modules";
		    pkgs = builtins.listToAttrs (map (name: { inherit name; value = name; }) [
		      "mergerfs" "sshfs" "intel-media-driver" "intel-vaapi-driver" "vpl-gpu-rt" "intel-compute-runtime" "intel-compute-runtime-legacy1"
		    ]);
		  };
		  read = n: let
		      f = import (dir + "/${n}");
		      c = f (builtins.intersectAttrs (builtins.functionArgs f) args);
		    in builtins.deepSeq c (c.fileSystems."/".device or null);
		in builtins.listToAttrs (map (name: { inherit name; value = read name; }) names)`, dir)
	var roots map[string]*string
	env.EvalInto(t, expr, &roots)
	for name, root := range roots {
		bare := strings.Contains(name, "container-") || strings.Contains(name, "-keep")
		if (root == nil) != bare {
			t.Errorf("%s: the root file system is %v", name, root)
		}
	}
	if want := "/dev/disk/by-uuid/b7b70001-5555-4b5c-9d2e-0a1b2c3d4e5f"; *roots["laptop-dell-xps-13-9310.nix"] != want {
		t.Errorf("root of the encrypted laptop is %s, want %s", *roots["laptop-dell-xps-13-9310.nix"], want)
	}
}
