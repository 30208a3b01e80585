package storepath

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	const hash = "0123456789abcdfghijklmnpqrsvwxyz"
	for path, want := range map[string][3]string{
		"/nix/store/" + hash + "-linux-6.12.1/bzImage": {"linux-6.12.1/bzImage", "linux-6.12.1", "linux"},
		"/tmp/x/store/" + hash + "-hello-2.12.drv":     {"hello-2.12.drv", "hello-2.12", "hello"},
		hash + "-lib32-tool-1-doc":                     {"lib32-tool-1-doc", "lib32-tool-1-doc", "lib32-tool"},
		"/nix/store/" + hash + "-a/" + hash + "-b":     {"a/" + hash + "-b", "a", "a"},
		"/nix/store/short-name":                        {"", "", ""},
		"/nix/store/" + hash + "-install-grub.sh":      {"install-grub.sh", "install-grub.sh", "install-grub.sh"},
	} {
		if got := [3]string{Inner(path), Name(path), Package(path)}; got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	text := "ExecStart=/nix/store/" + hash + "-a/bin/x -c '/x/" + hash + "-b' /nix/store/none"
	if got := Find(text); !slices.Equal(got, []string{"/nix/store/" + hash + "-a/bin/x", "/x/" + hash + "-b"}) {
		t.Errorf("%q", got)
	}
}

// As nix store add --name source, Nix 2.34, has it, for a tree of which nix hash path says this.
func TestSource(t *testing.T) {
	got, err := Source("/nix/store", "sha256-McoF8c711JB9WZrrlS8CSOF7W+l9ciiW683AhBJlVx0=")
	if err != nil || got != "/nix/store/bs1sh7im6zr685x1hj9w19xiwfgfvi00-source" {
		t.Error(got, err)
	}
	for _, hash := range []string{"", "sha256-", "sha256-xx", "McoF8c711JB9WZrrlS8CSOF7W+l9ciiW683AhBJlVx0="} {
		if got, err := Source("/nix/store", hash); err == nil {
			t.Errorf("%q: %s", hash, got)
		}
	}
}
