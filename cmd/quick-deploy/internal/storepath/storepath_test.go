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
