package system

import (
	"os"
	"path/filepath"
	"testing"
)

// Links of a machine lead to places of that machine, also where its root is a folder of this one.
func TestInside(t *testing.T) {
	root := t.TempDir()
	for name, target := range map[string]string{
		"etc/nixos": "/home/ada/nixos", "home/ada/nixos": "../dotfiles", "etc/round": "/etc/round",
		"etc/above": "../../../../srv",
	} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"/etc/nixos": "home/dotfiles", "/etc/nixos/configuration.nix": "home/dotfiles/configuration.nix",
		"/etc/hostname": "etc/hostname", "/etc/round": "etc/round", "/etc/above/x": "srv/x", "/": "",
	} {
		if got := Inside(root, name); got != filepath.Join(root, want) {
			t.Errorf("%s is %s, want %s below %s", name, got, want, root)
		}
	}
}
