package preflight

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/generator"
)

// The versions are those that system.nixos.version has when NixOS is built from
// a flake, from a channel, and from a checkout.
func TestOlderNixpkgs(t *testing.T) {
	builtIn := Nixpkgs{
		Rev: "8eeec934ae0dbeca3d7868c059568a65c08b2fc3", Date: time.Unix(1784011430, 0),
		BuiltIn: true, Origin: "built in", Fix: "update",
	}
	chosen := builtIn
	chosen.BuiltIn, chosen.Origin = false, "flake.lock"
	for _, c := range []struct {
		name    string
		version string // that runs
		release string // of the configuration
		next    Nixpkgs
		sev     Severity // "": nothing is found
		want    string   // part of What
	}{
		{
			"older", "26.05.20260715.abcdef0", "26.05", builtIn, Blocker,
			"nixpkgs would be downgraded from 15 July 2026 to 14 July 2026 (built in)",
		},
		{"older than a changed source", "26.05.20261110.dirty", "26.05", builtIn, Blocker, "from 10 November 2026"},
		{"older unstable", "26.11.20261110.abcdef0", "unstable", builtIn, Blocker, "from 10 November 2026"},
		{"older, by choice", "26.05.20261110.abcdef0", "26.05", chosen, Warning, "to 14 July 2026 (flake.lock)"},
		{"older, with the next release", "25.11.20261110.abcdef0", "26.05", builtIn, Warning, "from 10 November 2026"},
		{"an older release", "26.11.20261110.abcdef0", "26.05", builtIn, "", ""}, // "release" finds it
		{"of the same day", "26.05.20260714.abcdef0", "26.05", builtIn, "", ""},
		{"newer", "26.05.20260713.abcdef0", "26.05", builtIn, "", ""},
		{"the same", "26.05.20260714.8eeec93", "26.05", builtIn, "", ""},
		{"without a date to come", "26.05.20261110.abcdef0", "26.05", Nixpkgs{BuiltIn: true}, "", ""},

		{
			"a channel", "26.05.5400.abcdef012345", "26.05", builtIn, Warning,
			"nixpkgs (built in) is of 14 July 2026, and that of the running NixOS 26.05.5400.abcdef012345 may be newer",
		},
		{"a channel of the same", "26.05.4937.8eeec934ae0d", "26.05", builtIn, "", ""},
		{"a channel of unstable", "26.11pre812345.abcdef012345", "unstable", builtIn, Warning, "may be newer"},
		{"a channel, by choice", "26.05.5400.abcdef012345", "26.05", chosen, "", ""},
		{"a channel, with the next release", "25.11.9000.abcdef012345", "26.05", builtIn, "", ""},
		{"a source without a date", "26.05.19700101.dirty", "26.05", builtIn, Warning, "may be newer"},
		{"a checkout", "26.05pre-git", "26.05", builtIn, "", ""},
		{"a version of one's own", "house-3", "26.05", builtIn, "", ""},
	} {
		release := c.version[:min(5, len(c.version))]
		for from, files := range map[string]map[string]string{
			"os-release": {"etc/os-release": fmt.Sprintf("ID=nixos\nVERSION_ID=%q\nBUILD_ID=%q\n", release, c.version)},
			"label":      {"run/current-system/nixos-version": "gpu-" + c.version},
		} {
			t.Run(c.name+" by "+from, func(t *testing.T) {
				r, err := Run(t.Context(), fixture(t, files), Target{Host: generator.Host{Release: c.release}, Nixpkgs: c.next}, Options{
					Acting: true, Only: []string{"nixpkgs"},
				})
				if err != nil {
					t.Fatal(err)
				}
				if c.sev == "" {
					if len(r.Findings) > 0 {
						t.Errorf("found %+v", r.Findings)
					}
					return
				}
				if len(r.Findings) != 1 {
					t.Fatalf("found %+v", r.Findings)
				}
				what := strings.Replace(r.Findings[0].What, "gpu-", "", 1)
				if f := r.Findings[0]; f.Severity != c.sev || !strings.Contains(what, c.want) || f.Fix != "update" {
					t.Errorf("got %+v, want %s: %s", f, c.sev, c.want)
				}
			})
		}
	}
}
