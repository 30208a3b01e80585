package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/console"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/source"
)

// fleetApp is an App for a profile of 100 hosts. Host h07 has a key that there is none of.
func fleetApp(t *testing.T, o Options) *App {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Chdir(dir)
	var text strings.Builder
	text.WriteString("version: 1\ndefaults: {system: x86_64-linux, stateVersion: \"26.05\"}\nhosts:\n")
	for i := range 100 {
		fmt.Fprintf(&text, "  h%02d:\n    tags: [t%d]\n", i, i%10)
		if i == 7 {
			text.WriteString("    nonsense: 1\n")
		}
	}
	if err := os.WriteFile("quick-deploy.yaml", []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Root, o.Flake = filepath.Join(dir, "machine"), filepath.Join(dir, "flake")
	return &App{Terminal: console.New(nil, io.Discard, io.Discard), Seen: &source.Seen{}, Version: "dev", Options: o}
}

// A question about one host reads one host. Whatever was asked before, a flake has all of them.
func TestLoadSome(t *testing.T) {
	a := fleetApp(t, Options{Host: "h03"})
	l, host, err := a.LoadHost()
	if err != nil || host != "h03" || len(l.Profile.Hosts) != 1 || !l.Profile.Partial {
		t.Fatalf("%q, %d hosts: %v", host, len(l.Profile.Hosts), err)
	}
	if again, err := a.LoadSome("h03"); again != l || err != nil {
		t.Errorf("read again: %v", err)
	}
	if g, err := PlanFlake(t.Context(), a); g != nil || err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a flake of one host: %v", err)
	}
	for name, selected := range map[string]int{"h0[0-5]": 6, "h01,h02": 2, "h0*,!h07": 9, "@t3": 0, "h07": 0, "nobody": 0} {
		l, err := fleetApp(t, Options{On: []string{name}}).LoadSome(name)
		if selected == 0 {
			if err == nil || !strings.Contains(err.Error(), "nonsense") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || len(l.Profile.Hosts) != selected {
			t.Errorf("%s: %d hosts, %v", name, len(l.Profile.Hosts), err)
		}
	}
}
