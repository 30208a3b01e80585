package deploy

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// installed makes a folder of programs, of which nixos-rebuild answers "usage" as that of a release
// does, and homes beside it with the files that are named. testdata/nixos-rebuild has the answers: the
// shell one of 24.05 and the Python one of 26.05 gave theirs; 25.11's is the latter less what came later.
func installed(t *testing.T, release string, nix bool, homes map[string][]string) (*run.Exec, string) {
	t.Helper()
	root := t.TempDir()
	bin := filepath.Join(root, "system", "bin")
	must(t, os.MkdirAll(bin, 0o755))
	for _, name := range []string{"sh", "grep", "cat"} {
		path, err := exec.LookPath(name)
		must(t, err)
		must(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	program := func(name, text string) {
		must(t, os.MkdirAll(filepath.Dir(name), 0o755))
		must(t, os.WriteFile(name, []byte("#!"+bin+"/sh\n"+text+"\n"), 0o755))
	}
	if release != "" {
		text, err := filepath.Abs(filepath.Join("testdata", "nixos-rebuild", release+".txt"))
		must(t, err)
		// As the real ones do, it fails after its text.
		script := "cat " + run.Quote(text) + " >&2; exit 2"
		if release == "24.05" {
			script += "\ncase $1 in switch|boot|build-vm|build-vm-with-bootloader) ;; esac"
		}
		program(filepath.Join(bin, "nixos-rebuild"), script)
	}
	if nix {
		// nix-env is a link to nix, which looks at the name that it was called by.
		program(filepath.Join(root, "nix"), "")
		must(t, os.Symlink(filepath.Join(root, "nix"), filepath.Join(bin, "nix-env")))
	}
	for home, files := range homes {
		must(t, os.MkdirAll(filepath.Join(root, home), 0o755))
		for _, f := range files {
			program(filepath.Join(root, home, f), "")
		}
	}
	// As on a NixOS machine, PATH names a link that a switch changes.
	must(t, os.Symlink("system", filepath.Join(root, "current")))
	return &run.Exec{Environ: []string{"PATH=" + filepath.Join(root, "current", "bin")}}, root
}

func TestFindTools(t *testing.T) {
	const cli, version = "home-path/bin/home-manager", "gen-version"
	for name, c := range map[string]struct {
		release string // whose nixos-rebuild is installed
		nix     bool
		homes   map[string][]string
		want    Tools
	}{
		"26.05": {"26.05", true, map[string][]string{"new": {cli, version}}, Tools{
			Rebuild: "nixos-rebuild", StorePath: true, Nix: ".", Verbs: []string{"build-vm", "build-image"},
			Homes: map[string]HomeTools{"new": {Command: true, Version: true}},
		}},
		"25.11": {"25.11", true, map[string][]string{"plain": {version}}, Tools{
			Rebuild: "nixos-rebuild", Nix: ".", Verbs: []string{"build-vm", "build-image"},
			Homes: map[string]HomeTools{"plain": {Version: true}},
		}},
		"the shell one": {"24.05", true, map[string][]string{"old": {"activate"}, "older one": {cli}}, Tools{
			Rebuild: "nixos-rebuild", Nix: ".", Verbs: []string{"build-vm"},
			Homes: map[string]HomeTools{"older one": {Command: true}},
		}},
		"no NixOS": {"", true, nil, Tools{Nix: "."}},
		"nothing":  {"", false, nil, Tools{}},
	} {
		t.Run(name, func(t *testing.T) {
			r, root := installed(t, c.release, c.nix, c.homes)
			var homes []string
			for home := range c.homes {
				homes = append(homes, filepath.Join(root, home))
			}
			got, err := FindTools(t.Context(), r, homes...)
			must(t, err)
			// The folder is the one behind the link, so that it stays when the link moves.
			bin := filepath.Join(root, "system", "bin")
			want := Tools{StorePath: c.want.StorePath, Verbs: c.want.Verbs, Homes: map[string]HomeTools{}}
			if c.want.Rebuild != "" {
				want.Rebuild = filepath.Join(bin, c.want.Rebuild)
			}
			if c.want.Nix != "" {
				want.Nix = bin
			}
			for home, has := range c.want.Homes {
				want.Homes[filepath.Join(root, home)] = has
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("found %+v, want %+v", got, want)
			}
		})
	}
}

// A machine that cannot be asked is not one without tools.
func TestFindToolsFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FindTools(ctx, &run.Exec{}); err == nil {
		t.Error("a machine that cannot be asked has no tools")
	}
}

// words are commands as a person types them, a line each.
func words(cmds [][]string) string {
	var b strings.Builder
	for _, cmd := range cmds {
		for i, w := range cmd {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(run.Quote(w))
		}
		b.WriteByte('\n')
	}
	return strings.ReplaceAll(b.String(), "--extra-experimental-features 'nix-command flakes'", "FEATURES")
}

func one(cmd []string) [][]string { return [][]string{cmd} }

func TestToolsCommands(t *testing.T) {
	newest := Tools{
		Rebuild: "/old/sw/bin/nixos-rebuild", StorePath: true, Nix: "/old/sw/bin",
		Homes: map[string]HomeTools{"/new-home": {Command: true, Version: true}, "/old-home": {Version: true}},
	}
	older := Tools{
		Rebuild: "/old/sw/bin/nixos-rebuild", Nix: "/old/sw/bin",
		Homes: map[string]HomeTools{"/new-home": {Version: true}},
	}
	none := Tools{}
	home := HomeSwitch{
		Name: "ada@atlas", Home: "/new-home", Profile: "/p/home-manager", Suffix: "before-x", Flake: "path:/store/flake",
	}
	unknown := home
	unknown.Flake = ""
	for name, c := range map[string]struct {
		got  [][]string
		want string
	}{
		"test":         {one(newest.Test("/new")), "\n/old/sw/bin/nixos-rebuild test --store-path /new --no-reexec\n"},
		"test, older":  {one(older.Test("/new")), "\n/new/bin/switch-to-configuration test\n"},
		"test without": {one(none.Test("/new")), "\n/new/bin/switch-to-configuration test\n"},
		"boot": {newest.Boot("/p/system", "/new", 0, false), `
/old/sw/bin/nixos-rebuild boot --store-path /new --no-reexec
`},
		"boot, older": {older.Boot("/p/system", "/new", 0, false), `
/old/sw/bin/nix-env -p /p/system --set /new
/new/bin/switch-to-configuration boot
`},
		"boot without": {none.Boot("/p/system", "/new", 0, false), `
nix-env -p /p/system --set /new
/new/bin/switch-to-configuration boot
`},
		"an earlier generation": {newest.Boot("/p/system", "/new", 7, false), `
/old/sw/bin/nix-env -p /p/system --switch-generation 7
/new/bin/switch-to-configuration boot
`},
		"another loader": {newest.Boot("/p/system", "/new", 0, true), `
/old/sw/bin/nixos-rebuild boot --store-path /new --no-reexec --install-bootloader
`},
		"another loader without": {none.Boot("/p/system", "/new", 0, true), `
nix-env -p /p/system --set /new
env NIXOS_INSTALL_BOOTLOADER=1 /new/bin/switch-to-configuration boot
`},
		"home": {newest.SwitchHome(home), `
/new-home/home-path/bin/home-manager switch --flake path:/store/flake#ada@atlas -b before-x FEATURES
`},
		"home of a flake that is not in the store": {newest.SwitchHome(unknown), `
/old/sw/bin/nix-env -p /p/home-manager --set /new-home
env HOME_MANAGER_BACKUP_EXT=before-x /new-home/activate --driver-version 1
`},
		"home without home-manager": {older.SwitchHome(home), `
/old/sw/bin/nix-env -p /p/home-manager --set /new-home
env HOME_MANAGER_BACKUP_EXT=before-x /new-home/activate --driver-version 1
`},
		"home without gen-version": {none.SwitchHome(home), `
env HOME_MANAGER_BACKUP_EXT=before-x /new-home/activate
`},
		"metadata": {one(older.FlakeMetadata("/f", "--offline")), `
/old/sw/bin/nix FEATURES flake metadata --json /f --offline
`},
	} {
		if got := "\n" + words(c.got); got != c.want {
			t.Errorf("%s:%swant%s", name, got, c.want)
		}
	}
	if got, want := home.News(), `path:/store/flake#homeConfigurations."ada@atlas".config.news.json.output`; got != want {
		t.Errorf("the news of a home are %s, want %s", got, want)
	}
}

// Plan and record name what was chosen.
func TestToolsString(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Tools{Rebuild: "/r", StorePath: true}.String(), "nixos-rebuild --store-path"},
		{Tools{Rebuild: "/r"}.String(), "switch-to-configuration and nix-env: this nixos-rebuild has no --store-path"},
		{Tools{}.String(), "switch-to-configuration and nix-env: nixos-rebuild is not installed"},
		{HomeTools{Command: true, Version: true}.String(), "home-manager switch"},
		{HomeTools{Version: true}.String(), "activate --driver-version 1: the home has no home-manager command"},
		{HomeTools{}.String(), "activate: the home is older than --driver-version"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestFlakeInStore(t *testing.T) {
	for in, want := range map[string]string{
		`{"path":"/nix/store/x-source","locked":{"type":"path"}}`:     "path:/nix/store/x-source",
		`{"path":"/nix/store/x-source","locked":{"dir":"hosts/a b"}}`: "path:/nix/store/x-source?dir=hosts%2Fa%20b",
		`{"locked":{}}`:     "",
		`error: no such`:    "",
		`{"path":"source"}`: "",
	} {
		got, err := FlakeInStore(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", in, got, err, want)
		}
	}
}
