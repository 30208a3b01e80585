package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
)

// settings is a run.Runner that stands for a Nix with such settings.
type settings struct {
	json string
	old  bool // a Nix before 2.20
	ran  int
}

func (s *settings) LookPath(name string) (string, error) { return name, nil }

func (s *settings) Run(_ context.Context, c run.Command) (run.Result, error) {
	s.ran++
	line := strings.Join(c.Args, " ")
	if s.json == "" || s.old == strings.Contains(line, "config show ") {
		return run.Result{Code: 1}, errors.New("error: unknown command")
	}
	return run.Result{Stdout: s.json}, nil
}

// The host's platform is built here, by emulation, on a builder or on the host, or the run is refused.
func TestPlatform(t *testing.T) {
	nix := func(extra, builders string) string {
		return fmt.Sprintf(`{"system": {"value": "x86_64-linux"}, "extra-platforms": {"value": [%s]}, "builders": {"value": %q}}`, extra, builders)
	}
	const (
		alone = "@/etc/nix/machines"
		lines = "# ours\nssh://b1 x86_64-linux - 4\nssh-ng://nix@b2 i686-linux,aarch64-linux /root/key 8 2 kvm\n"
	)
	for name, c := range map[string]struct {
		nix     settings
		files   map[string]string
		system  string
		refused string
	}{
		"its own":                  {settings{}, nil, "x86_64-linux", ""},
		"another":                  {settings{json: nix(`"i686-linux"`, alone)}, nil, "aarch64-linux", "arm-1 is aarch64-linux, which Nix neither builds on this machine (x86_64-linux) nor has a builder for"},
		"another, to an old Nix":   {settings{json: nix("", alone), old: true}, nil, "aarch64-linux", "nor has a builder for"},
		"emulated":                 {settings{json: nix(`"aarch64-linux"`, alone)}, nil, "aarch64-linux", ""},
		"on a builder":             {settings{json: nix("", "ssh://b1 x86_64-linux; ssh://b2 aarch64-linux - 4")}, nil, "aarch64-linux", ""},
		"on a builder of a file":   {settings{json: nix("", alone)}, map[string]string{"etc/nix/machines": lines}, "aarch64-linux", ""},
		"no builder for it":        {settings{json: nix("", alone)}, map[string]string{"etc/nix/machines": "ssh://b1 x86_64-linux\nssh://b2\nssh://b3 - key\n"}, "aarch64-linux", "nor has a builder for"},
		"a file that is not known": {settings{json: nix("", alone)}, map[string]string{"etc/nix/machines": "version = 1\n[machines.a]\nsystem-types = [\"aarch64-linux\"]\n"}, "aarch64-linux", ""},
		"no Nix":                   {settings{}, nil, "aarch64-linux", ""},
	} {
		m := fixture(t, c.files)
		m.Arch, m.Runner = "x86_64", &c.nix
		next := Target{Host: generator.Host{Name: "arm-1", System: c.system}, Remote: true}
		r, err := Run(t.Context(), m, next, Options{Only: []string{"platform"}})
		if err != nil {
			t.Fatal(err)
		}
		if c.refused == "" && len(r.Findings) > 0 || c.refused != "" && (len(r.Blockers()) != 1 || !strings.Contains(r.Findings[0].What, c.refused)) {
			t.Errorf("%s: %+v", name, r.Findings)
		}
		if c.refused != "" && !strings.Contains(r.Findings[0].Fix, "buildOnTarget: true") {
			t.Errorf("%s: %s", name, r.Findings[0].Fix)
		}
		if name == "its own" && c.nix.ran > 0 {
			t.Errorf("%s: Nix was asked", name)
		}
	}
}
