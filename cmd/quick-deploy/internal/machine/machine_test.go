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
		"broken line\nnixbld1:x:30001:30000::/var/empty:/bin/nologin\nftp:x:1001:100::/srv/ftp:/sbin/nologin\n")
	write(t, root, "etc/group", "users:x:100:\nwheel:x:1:root,ada\n")
	write(t, root, "etc/nixos/configuration.nix", "{\n  # system.stateVersion = \"25.11\";\n  system.stateVersion = \"24.05\"; # Did you read the comment?\n}\n")
	if err := os.Symlink("/etc/zoneinfo/Europe/Berlin", filepath.Join(root, "etc/localtime")); err != nil {
		t.Fatal(err)
	}
	want := Machine{
		Hostname: "atlas", Timezone: "Europe/Berlin", Locale: "de_DE.UTF-8", Layout: "de", NixOS: true, Release: "25.11", StateVersion: "24.05",
		Users: []User{{Name: "ada", Description: "Ada Lovelace", Shell: "zsh", Home: "/home/ada", UID: 1000, Admin: true}},
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

func TestReadPerson(t *testing.T) {
	root := t.TempDir()
	write(t, root, "home/ada/.config/git/config", "[user]\n\tname = A. L.\n\temail = old@example.org\n")
	write(t, root, "home/ada/.gitconfig", "# mine\n[core]\n\teditor = vim\n[user]\n\tName = \"Ada Lovelace\"\n\t; email = x\n\temail = ada@example.org\n")
	write(t, root, "home/ada/.ssh/authorized_keys", "# laptop\nssh-ed25519 AAAA ada@laptop\ncommand=\"x\" ssh-rsa BBBB\n\n")
	write(t, root, "home/ada/.ssh/id_ed25519.pub", "ssh-ed25519 AAAA ada@desk\n")
	write(t, root, "home/ada/.ssh/id_rsa.pub", "ssh-rsa CCCC ada@desk\n")
	write(t, root, "home/ada/.ssh/id_rsa-cert.pub", "ssh-rsa DDDD ada@desk\n")
	want := Person{GitName: "Ada Lovelace", GitEmail: "ada@example.org",
		Authorized: []string{"ssh-ed25519 AAAA ada@laptop"}, Keys: []string{"ssh-ed25519 AAAA ada@laptop", "ssh-rsa CCCC ada@desk"}}
	if diff := cmp.Diff(want, ReadPerson(root, User{Home: "/home/ada"})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Person{}, ReadPerson(root, User{Home: "/home/bob"})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Person{}, ReadPerson(root, User{Home: "."})); diff != "" {
		t.Error("a relative home was read:", diff)
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
