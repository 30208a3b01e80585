package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

const searchedProfile = `# My machine.
version: 1
hosts:
  atlas: # the big one
    stateVersion: "26.05"
    timezone: Etc/UTC
    packages: [htop] # for me
`

// searching starts a search in a folder with a profile.
func searching(t *testing.T, text string, cols, rows int, words ...string) (x *terminal, profile string) {
	t.Helper()
	dir := t.TempDir()
	profile = filepath.Join(dir, "quick-deploy.yaml")
	if text != "" {
		if err := os.WriteFile(profile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"QUICK_DEPLOY_ALLOW_ROOT=true"}
	return start(t, dir, machineOf(t, "vm-kvm-virtio"), cols, rows, env, append([]string{"search"}, words...)...), profile
}

// What is typed is searched for, and Enter adds what is under the cursor to the profile.
func TestSearchOnATerminal(t *testing.T) {
	for _, c := range []struct {
		name, words string
		keys        [][2]string // what is typed, and what is seen then
		said        string
		from, to    string // in the profile
	}{
		{"a package", "clipboard", [][2]string{{" manager", "search: clipboard manager"}, {down, "packages: [copyq]"}, {enter, "added"}},
			"added copyq at quick-deploy.yaml:7", "[htop] #", "[htop, copyq] #"},
		{"a service", "postgres", [][2]string{{enter, "added"}},
			"added postgresql at quick-deploy.yaml:9", "for me\n", "for me\n    services:\n      postgresql: {}\n"},
		{"a bundle", "kubernetes", [][2]string{{enter, "added"}},
			"added bundle:kubernetes at quick-deploy.yaml:7", "[htop] #", "[htop, \"bundle:kubernetes\"] #"},
		{"an option that is on or off", "media server", [][2]string{{enter, "added"}},
			"added services.jellyfin.enable at quick-deploy.yaml:9", "for me\n", "for me\n    nixos:\n      services.jellyfin.enable: true\n"},
		{"an option with a value", "kernel version", [][2]string{{"\x15networking.domain", "null or string"},
			{enter, "as YAML: "}, {"example.org" + enter, "added"}},
			"added networking.domain at quick-deploy.yaml:9", "for me\n", "for me\n    nixos:\n      networking.domain: example.org\n"},
		{"an option with a name of the user's", "wakeOnLan.enable", [][2]string{{enter, "in place of <name>? "}, {"enp1s0" + enter, "added"}},
			"added networking.interfaces.enp1s0.wakeOnLan.enable at quick-deploy.yaml:9", "for me\n",
			"for me\n    nixos:\n      networking.interfaces.enp1s0.wakeOnLan.enable: true\n"},
		{"a key", "keyboard layout", [][2]string{{enter, "keyboard: {layout: "}},
			"this goes into quick-deploy.yaml, with your own value:", "", ""},
		{"nothing", "clipboard", [][2]string{{down, "packages: [xclip]"}, {escape, ""}}, "", "", ""},
		{"no value", "networking.domain", [][2]string{{enter, "as YAML: "}, {enter, "nothing was written"}}, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, path := searching(t, searchedProfile, 80, 24, c.words)
			x.see("esc leave")
			for _, k := range c.keys {
				x.typed(k[0])
				if k[1] != "" {
					x.see(k[1])
				}
			}
			code := x.end()
			if said := ansi.Strip(x.output()); !strings.Contains(said, c.said) {
				t.Errorf("%q was not said:\n%s", c.said, said)
			}
			if c.said != "" && code != 0 {
				t.Errorf("exit code %d", code)
			}
			want := strings.Replace(searchedProfile, c.from, c.to, 1)
			if diff := cmp.Diff(want, readText(t, path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The list fits: the words, what was found, and the keys are on the screen, however small it is.
func TestSearchFits(t *testing.T) {
	for _, size := range [][2]int{{60, 20}, {80, 24}, {120, 40}, {30, 9}} {
		x, _ := searching(t, searchedProfile, size[0], size[1], "browser")
		x.see("choose")
		x.typed(strings.Repeat(down, 3))
		x.see("packages: [brave]")
		screen := x.screen()
		for _, want := range []string{"search: browser", "> ", "enter add"} {
			if !strings.Contains(screen, want) {
				t.Errorf("%v: %q is not to be seen:\n%s", size, want, screen)
			}
		}
		x.typed(escape)
		if code := x.end(); code != 0 {
			t.Errorf("%v: exit code %d", size, code)
		}
	}
}

// Without a profile Enter says what to write.
func TestSearchWithoutAProfile(t *testing.T) {
	x, path := searching(t, "", 80, 24, "nextcloud", "server")
	x.see("esc leave")
	x.typed("\x15htop")
	x.see("packages: [htop]")
	x.typed(enter)
	x.see("no profile found")
	if code := x.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a profile was written")
	}
}
