package machine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator/keyboard"
)

func TestRead(t *testing.T) {
	root := t.TempDir()
	write(t, root, "etc/hostname", "atlas\n")
	write(t, root, "etc/locale.conf", "LANG=de_DE.UTF-8\n")
	write(t, root, "etc/vconsole.conf", "KEYMAP=de\n")
	write(t, root, "etc/os-release", "ID=nixos\nVERSION_ID=\"25.11\"\n")
	write(t, root, "etc/passwd",
		"root:x:0:0::/root:/bin/sh\nada:x:1000:100:Ada Lovelace,,,:/home/ada:/run/current-system/sw/bin/zsh\n"+
			"broken line\nnixbld1:x:30001:30000::/var/empty:/bin/nologin\nftp:x:1001:100::/srv/ftp:/sbin/nologin\n")
	write(t, root, "etc/group", "users:x:100:\nwheel:x:1:root,ada\n")
	write(t, root, "etc/nixos/configuration.nix",
		"{\n  # system.stateVersion = \"25.11\";\n  system.stateVersion = \"20.03\"; # Did you read the comment?\n}\n")
	if err := os.Symlink("/etc/zoneinfo/Europe/Berlin", filepath.Join(root, "etc/localtime")); err != nil {
		t.Fatal(err)
	}
	want := Machine{
		Hostname: "atlas", Timezone: "Europe/Berlin", Locale: "de_DE.UTF-8", Keyboard: keyboard.Keyboard{Layout: "de"},
		NixOS: true, Release: "25.11", StateVersion: "20.03",
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
	if diff := cmp.Diff(Machine{Timezone: "Etc/UTC", Keyboard: keyboard.Keyboard{Layout: "us"}}, Read(root)); diff != "" {
		t.Error(diff)
	}
}

// What a machine has of one's own making is not proposed: NixOS would not build it.
func TestOnlyNamesThatNixOSKnows(t *testing.T) {
	const xorg, console, debian = "etc/X11/xorg.conf.d/00-keyboard.conf", "etc/vconsole.conf", "etc/default/keyboard"
	section := func(layout, variant, options string) string {
		return "Section \"InputClass\"\n  Identifier \"Keyboard catchall\"\n  Option \"XkbModel\" \"pc105\"\n  Option \"XkbLayout\" \"" +
			layout +
			"\"\n  Option \"XkbOptions\" \"" + options + "\"\n  Option \"XkbVariant\" \"" + variant + "\"\nEndSection\n"
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  Machine
	}{
		"a keymap of the console": {map[string]string{console: "KEYMAP=uk\n"},
			Machine{Keyboard: keyboard.Keyboard{Layout: "gb"}}},
		"a keymap that means another": {map[string]string{console: "KEYMAP=et\n"},
			Machine{Keyboard: keyboard.Keyboard{Layout: "ee"}}},
		"a keymap with a variant": {map[string]string{console: "KEYMAP=\"de-latin1-nodeadkeys\"\n"},
			Machine{Keyboard: keyboard.Keyboard{Layout: "de", Variant: "nodeadkeys"}}},
		"a keymap made from a layout": {map[string]string{console: "KEYMAP=/nix/store/x-xkb-console-keymap\n"}, Machine{}},
		"XKB's words beside a keymap": {map[string]string{console: "KEYMAP=us\nXKBLAYOUT=us,ru\nXKBVARIANT=dvorak,\nXKBOPTIONS=grp:alt_shift_toggle\n"},
			Machine{Keyboard: keyboard.Keyboard{Layout: "us,ru", Variant: "dvorak,", Options: "grp:alt_shift_toggle"}}},
		"the X server's file": {map[string]string{xorg: section("de", "neo", "terminate:ctrl_alt_bksp"),
			console: "KEYMAP=us\n"}, Machine{Keyboard: keyboard.Keyboard{Layout: "de", Variant: "neo"}}},
		"options and one of one's own": {map[string]string{xorg: section("us", "", "caps:escape,my:own")},
			Machine{Keyboard: keyboard.Keyboard{Layout: "us", Options: "caps:escape"}}},
		"a layout of one's own": {map[string]string{xorg: section("mine", "", ""), console: "KEYMAP=fr\n"},
			Machine{Keyboard: keyboard.Keyboard{Layout: "fr"}}},
		"a variant of one's own": {map[string]string{debian: "XKBLAYOUT=\"fr\"\nXKBVARIANT=\"mine\"\n"},
			Machine{Keyboard: keyboard.Keyboard{Layout: "fr"}}},
		"Debian's name for Britain": {map[string]string{debian: "XKBLAYOUT=uk\n"},
			Machine{Keyboard: keyboard.Keyboard{Layout: "gb"}}},
		"a locale of one's own": {map[string]string{"etc/locale.conf": "LANG=en_DE.UTF-8\n"}, Machine{}},
		"a locale in other words": {map[string]string{"etc/locale.conf": "LANG=de_DE.utf8@euro\n"},
			Machine{Locale: "de_DE.UTF-8"}},
		"a locale that is UTF-8 alone": {map[string]string{"etc/default/locale": "LANG=\"en_IN.UTF-8\"\n"},
			Machine{Locale: "en_IN"}},
		"a zone of one's own": {map[string]string{"etc/timezone": "Mars/Olympus\n"}, Machine{}},
	} {
		root := t.TempDir()
		for file, text := range c.files {
			write(t, root, file, text)
		}
		if diff := cmp.Diff(c.want, Read(root)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestReadPerson(t *testing.T) {
	root := t.TempDir()
	write(t, root, "home/ada/.config/git/config", "[user]\n\tname = A. L.\n\temail = old@example.org\n")
	write(t, root, "home/ada/.gitconfig",
		"# mine\n[core]\n\teditor = vim\n[user]\n\tName = \"Ada Lovelace\"\n\t; email = x\n\temail = ada@example.org\n")
	write(t, root, "home/ada/.ssh/authorized_keys",
		"# laptop\nssh-ed25519 AAAA ada@laptop\ncommand=\"x\" ssh-rsa BBBB\n\n")
	write(t, root, "home/ada/.ssh/id_ed25519.pub", "ssh-ed25519 AAAA ada@desk\n")
	write(t, root, "home/ada/.ssh/id_rsa.pub", "ssh-rsa CCCC ada@desk\n")
	write(t, root, "home/ada/.ssh/id_rsa-cert.pub", "ssh-rsa DDDD ada@desk\n")
	want := Person{GitName: "Ada Lovelace", GitEmail: "ada@example.org",
		Authorized: []string{"ssh-ed25519 AAAA ada@laptop"}, Keys: []string{"ssh-ed25519 AAAA ada@laptop",
			"ssh-rsa CCCC ada@desk"}}
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
