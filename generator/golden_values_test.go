package generator_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sebdah/goldie/v2"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// systems are the names of the hosts, and of the homes as user@host, sorted.
func systems(tree *generator.Tree) []string {
	var names []string
	for _, h := range tree.Hosts {
		names = append(names, h.Name)
		for _, u := range h.Users {
			if u.Home {
				names = append(names, u.Name+"@"+h.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// compareValues compares values.txt of a golden case: every option that a file of the flake defines, a module or
// a host's own, as the module system merges it, one a line and sorted. Defaults of NixOS are not there. Systems
// that agree share the line: it stands below the names of all of them.
//
//	-- full, plain --
//	services.redis.servers.default.bind = "127.0.0.1"
//	-- plain --
//	services.redis.servers.default.settings.maxmemory = "512mb"
func compareValues(t *testing.T, name string, systems map[string][]nixtest.Value) {
	t.Helper()
	goldie.New(t,
		goldie.WithFixtureDir(filepath.Join(goldenDir, name)), goldie.WithNameSuffix(""),
		goldie.WithDiffFn(func(actual, expected string) string {
			lines := changes(name, []byte(expected), systems)
			if len(lines) == 0 {
				return goldie.Diff(goldie.ClassicDiff, actual, expected)
			}
			return strings.Join(lines, "\n")
		}),
	).Assert(t, "values.txt", formatValues(systems))
}

func formatValues(systems map[string][]nixtest.Value) []byte {
	holders := map[string][]string{} // systems by line
	for _, system := range slices.Sorted(maps.Keys(systems)) {
		for _, v := range systems[system] {
			line := v.Option + " = " + v.Value + "\n"
			holders[line] = append(holders[line], system)
		}
	}
	sections := map[string]txtar.File{}
	for _, line := range slices.Sorted(maps.Keys(holders)) {
		names := strings.Join(holders[line], ", ")
		sections[names] = txtar.File{Name: names, Data: append(sections[names].Data, line...)}
	}
	return txtar.Format(&txtar.Archive{Files: slices.SortedFunc(maps.Values(sections), func(a, b txtar.File) int {
		return cmp.Or(strings.Count(b.Name, ", ")-strings.Count(a.Name, ", "), strings.Compare(a.Name, b.Name))
	})})
}

// parseValues reads a values.txt: the values by system and option.
func parseValues(text []byte) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, section := range txtar.Parse(text).Files {
		for system := range strings.SplitSeq(section.Name, ", ") {
			if all[system] == nil {
				all[system] = map[string]string{}
			}
			for line := range strings.Lines(string(section.Data)) {
				option, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
				all[system][option] = value
			}
		}
	}
	return all
}

// changes says how the systems of a golden case differ from its values.txt, an option a line:
//
//	redis: full, plain: services.redis.servers.default.bind: "127.0.0.1" → "::1" (modules/redis.nix)
func changes(name string, accepted []byte, systems map[string][]nixtest.Value) []string {
	const none = "not defined"
	was := parseValues(accepted)
	holders := map[string][]string{} // systems by change
	for _, system := range slices.Sorted(maps.Keys(systems)) {
		is := map[string]bool{}
		for _, v := range systems[system] {
			is[v.Option] = true
			if old := cmp.Or(was[system][v.Option], none); old != v.Value {
				old, now := apart(old, v.Value)
				change := fmt.Sprintf("%s: %s → %s (%s)", v.Option, old, now, strings.Join(v.Files, ", "))
				holders[change] = append(holders[change], system)
			}
		}
		for option, value := range was[system] {
			if !is[option] {
				change := fmt.Sprintf("%s: %s → %s", option, value, none)
				holders[change] = append(holders[change], system)
			}
		}
	}
	var lines []string
	for _, change := range slices.Sorted(maps.Keys(holders)) {
		lines = append(lines, name+": "+strings.Join(holders[change], ", ")+": "+change)
	}
	return lines
}

// apart shortens what two long values have in common at their beginning and end.
func apart(a, b string) (string, string) {
	const long, around = 120, 30
	x, y := []rune(a), []rune(b)
	if max(len(x), len(y)) <= long {
		return a, b
	}
	start, end := 0, 0
	for start < min(len(x), len(y)) && x[start] == y[start] {
		start++
	}
	for end < min(len(x), len(y))-start && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	cut := func(v []rune) string {
		from, to := max(0, start-around), min(len(v), len(v)-end+around)
		text := string(v[from:to])
		if from > 0 {
			text = "…" + text
		}
		if to < len(v) {
			text += "…"
		}
		return text
	}
	return cut(x), cut(y)
}

// A value that changes in a module is a change of the golden cases that have the module, and is told with its
// option, what it was, what it is and where it stands. Nothing else changes with it.
func TestGoldenNamesChangedOption(t *testing.T) {
	env := nixtest.New(t)
	for _, tt := range []struct {
		name, module, from, to string
		want                   string // systems, option, what it was and is
	}{
		{"minimal", "base.nix", `"weekly"`, `"monthly"`, `atlas: nix.gc.dates: "weekly" → "monthly"`},
		{
			"redis", "redis.nix", "512mb", "64mb",
			`plain: services.redis.servers.default.settings.maxmemory: "512mb" → "64mb"`,
		},
		{
			"grafana", "grafana.nix", "mkDefault 3001", "mkDefault 3999",
			`plain: services.grafana.settings.server.http_port: 3001 → 3999`,
		},
		{"fail2ban", "fail2ban.nix", "1h", "2h", `plain: services.fail2ban.bantime: "1h" → "2h"`},
		{
			"loki", "loki.nix", "720h", "24h",
			`plain: services.loki.configuration.limits_config.retention_period: "720h" → "24h"`,
		},
		{
			// A function of the packages.
			"vm-services", "postgresql.nix", "ps.pgvector", "ps.postgis",
			`data: services.postgresql.extensions: [ <derivation pgvector-1.0> ] → [ <derivation postgis-1.0> ]`,
		},
		{
			// In a package that the module makes.
			"jupyter", "jupyter.nix", "ps.pandas", "ps.scipy",
			`full, plain: services.jupyter.kernels.python3.argv:` +
				` …l-ipywidgets-matplotlib-numpy-pandas-scikit-learn>/bin/python3" "-…` +
				` → …l-ipywidgets-matplotlib-numpy-scipy-scikit-learn>/bin/python3" "-…`,
		},
		{
			"netdata", "netdata.nix", "withCloudUi = true", "withCloudUi = false",
			`full, plain: services.netdata.package: <derivation netdata-1.0-withCloudUi=true>` +
				` → <derivation netdata-1.0-withCloudUi=false>`,
		},
		{
			"desktop-gnome", "desktop/gnome.nix", `(config.lib.desktop.greeter == "gnome")`, "false",
			`atlas: services.displayManager.gdm.enable: true → false`,
		},
		{"homes-as-they-come", "home/tmux.nix", "50000", "1000", `ada@atlas: programs.tmux.historyLimit: 50000 → 1000`},
	} {
		t.Run(tt.module, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(goldenDir, tt.name)
			tree := generate(t, os.DirFS(dir))
			i := slices.IndexFunc(tree.Files, func(f generator.File) bool { return f.Path == "modules/"+tt.module })
			if i < 0 || bytes.Count(tree.Files[i].Data, []byte(tt.from)) != 1 {
				t.Fatalf("modules/%s of %s does not say %q once", tt.module, tt.name, tt.from)
			}
			tree.Files[i].Data = bytes.Replace(tree.Files[i].Data, []byte(tt.from), []byte(tt.to), 1)
			accepted, err := os.ReadFile(filepath.Join(dir, "values.txt"))
			if err != nil {
				t.Fatal(err)
			}
			got := changes(tt.name, accepted, env.Flake(t, lay(t, tree), nil).Values(t))
			want := []string{tt.name + ": " + tt.want + " (modules/" + tt.module + ")"}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
