package machine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	root := t.TempDir()
	write(t, root, "etc/hostname", "atlas\n")
	write(t, root, "etc/locale.conf", "LANG=de_DE.UTF-8\n")
	write(t, root, "etc/vconsole.conf", "KEYMAP=de\n")
	write(t, root, "etc/os-release", "ID=nixos\nVERSION_ID=\"25.11\"\n")
	write(t, root, "etc/passwd", "root:x:0:0::/root:/bin/sh\nada:x:1000:100:Ada Lovelace,,,:/home/ada:/run/current-system/sw/bin/zsh\n"+
		"broken line\nnixbld1:x:30001:30000::/var/empty:/bin/nologin\n")
	if err := os.Symlink("/etc/zoneinfo/Europe/Berlin", filepath.Join(root, "etc/localtime")); err != nil {
		t.Fatal(err)
	}
	want := Machine{
		Hostname: "atlas", Timezone: "Europe/Berlin", Locale: "de_DE.UTF-8", Layout: "de", NixOS: true, Release: "25.11",
		Users: []User{{Name: "ada", Description: "Ada Lovelace", Shell: "zsh", UID: 1000}},
	}
	if diff := cmp.Diff(want, Read(root)); diff != "" {
		t.Error(diff)
	}
}

func TestReadNothing(t *testing.T) {
	if diff := cmp.Diff(Machine{}, Read(t.TempDir())); diff != "" {
		t.Error(diff)
	}
}

func TestDebianFiles(t *testing.T) {
	root := t.TempDir()
	write(t, root, "etc/timezone", "Etc/UTC\n")
	write(t, root, "etc/default/locale", "LANG=C.UTF-8\n")
	write(t, root, "etc/default/keyboard", "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"us\"\n")
	if diff := cmp.Diff(Machine{Timezone: "Etc/UTC", Layout: "us"}, Read(root)); diff != "" {
		t.Error(diff)
	}
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
