package index

import (
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/flake"
)

func TestLists(t *testing.T) {
	for _, release := range []string{"25.11", "26.05", "unstable"} {
		x := Open(release)
		if x.Release() != release {
			t.Errorf("%s is answered with %s", release, x.Release())
		}
		for kind, least := range map[Kind]int{Package: 15000, Option: 20000, HomeOption: 4500} {
			l := x.List(kind)
			last, count := "", 0
			for e := range l.All() {
				if e.Name <= last && kind == Package || e.Name < last {
					t.Fatalf("%s, %s: %q is behind %q", release, kind, e.Name, last)
				}
				if kind != Package && e.Type == "" {
					t.Errorf("%s, %s: %s has no type", release, kind, e.Name)
				}
				last = e.Name
				count++
			}
			if count < least {
				t.Errorf("%s has %d %s", release, count, kind)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	x := Open("26.05")
	for _, tt := range []struct {
		kind Kind
		name string
		want Entry // its name "" for none
	}{
		{Package, "ripgrep", Entry{Name: "ripgrep"}},
		{Package, "ripgre", Entry{}},
		{Package, "ripgrepp", Entry{}},
		{Option, "services.openssh.enable", Entry{"services.openssh.enable", "boolean", "false"}},
		{Option, "services.openssh", Entry{}},
		{Option, "programs.git.package", Entry{"programs.git.package", "package", "pkgs.git"}},
		{Option, "services.nginx.virtualHosts.example.root", Entry{"services.nginx.virtualHosts.<name>.root", "null or absolute path", "null"}},
		{Option, `services.nginx.virtualHosts."a.b".root`, Entry{"services.nginx.virtualHosts.<name>.root", "null or absolute path", "null"}},
		{HomeOption, "programs.git.enable", Entry{"programs.git.enable", "boolean", "false"}},
		{HomeOption, "services.openssh.enable", Entry{}},
	} {
		got, ok := x.List(tt.kind).Lookup(tt.name)
		if got != tt.want || ok != (tt.want.Name != "") {
			t.Errorf("%s %s: %+v, %v", tt.kind, tt.name, got, ok)
		}
	}
}

// The lists of home-manager are made from the built-in pins.
func TestExact(t *testing.T) {
	pins, err := flake.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for release, inputs := range pins {
		x := Open(release).For(inputs["nixpkgs"].NarHash(), inputs["home-manager"].NarHash())
		if !x.List(HomeOption).Exact() {
			t.Errorf("the home-manager of %s is %s, the list is of another: go run ./generator/index/mkindex", release, inputs["home-manager"].NarHash())
		}
		if Open(release).For("", "sha256-other").List(HomeOption).Exact() || Open(release).For("", "").List(Option).Exact() {
			t.Errorf("%s: exact for another pin", release)
		}
	}
}

func TestReleasesDiffer(t *testing.T) {
	has := func(release, name string) bool {
		_, ok := Open(release).List(Option).Lookup(name)
		return ok
	}
	for name, want := range map[string][2]bool{
		"services.ollama.acceleration": {true, false}, "services.openssh.generateHostKeys": {false, true},
		"services.openssh.enable": {true, true},
	} {
		if got := [2]bool{has("25.11", name), has("26.05", name)}; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPrefix(t *testing.T) {
	var got []string
	for e := range Open("26.05").List(Option).Prefix("services.redis.servers.<name>.po") {
		got = append(got, e.Name)
	}
	if !slices.Equal(got, []string{"services.redis.servers.<name>.port"}) {
		t.Error(got)
	}
	for e := range Open("26.05").List(Package).Prefix("zzzz") {
		t.Error(e)
	}
	all := slices.Collect(Open("26.05").List(Package).All())
	if !strings.HasPrefix(all[len(all)-1].Name, "z") {
		t.Error(all[len(all)-1])
	}
}

func BenchmarkAll(b *testing.B) {
	for kind := range Kind(len(names)) {
		b.Run(kind.String(), func(b *testing.B) {
			for b.Loop() {
				for range Open("26.05").List(kind).All() {
				}
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	l := Open("26.05").List(Option)
	for b.Loop() {
		l.Lookup("services.nginx.virtualHosts.example.root")
	}
}
