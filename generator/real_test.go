package generator_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// What NixOS itself makes of every golden case and every profile of the documentation. Each host
// evaluates to the derivation of its system, each home to that of its activation, without a
// failed assertion and without a warning, and the units and files of a golden case hold what its
// real.txt says:
//
//	-- plain/redis.conf --
//	port 6379
//	! bind 0.0.0.0…
//
// Each line must be one of the text of that name, … stands for anything; no line may be like
// one behind "! ", and one behind "> " comes after the line above. Store paths are names, such as <nginx>/bin/nginx. With -v a text that real.txt
// names is shown as it is.
//
// One case: go test ./generator -run 'TestReal$/^postgresql$'.
func TestReal(t *testing.T) {
	nixpkgs := newNixpkgs(t)
	ages := &ageList{cases: map[string][]string{}}
	t.Cleanup(func() { ages.report(t, nixpkgs) })
	cases, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name(), func(t *testing.T) {
			t.Parallel()
			fsys := os.DirFS(filepath.Join(goldenDir, c.Name()))
			drvs := evaluateReal(t, nixpkgs, ages, c.Name(), generate(t, fsys))
			compareTexts(t, nixpkgs, fsys, drvs)
		})
	}
	t.Run("docs", func(t *testing.T) {
		for _, doc := range nixtest.Documents(t, "..") {
			for _, p := range doc.Profiles() {
				t.Run(p.Name, func(t *testing.T) {
					t.Parallel()
					p.Files["profile.yaml"] = p.Files["quick-deploy.yaml"]
					evaluateReal(t, nixpkgs, ages, p.Name, generate(t, p.Files))
				})
			}
		}
	})
}

// What programs.quick-deploy of the project's own flake sets in NixOS and in home-manager, beside all of their
// modules: an option of the same name, or of another type, would be an error.
func TestRealProgram(t *testing.T) {
	nixpkgs := newNixpkgs(t)
	if nixpkgs.homeManager == "" {
		t.Skip("QUICK_DEPLOY_TEST_HOME_MANAGER names no home-manager")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	standIn, _ := nixpkgs.env.StandIn(t)
	out, err := nixpkgs.env.TryRun(t.Context(), "nix-instantiate", "--eval", "--strict", "--json", "--read-write-mode",
		filepath.Join(filepath.Dir(standIn), "real", "program.nix"), "--argstr", "flake", root,
		"--argstr", "nixpkgs", nixpkgs.dir, "--argstr", "nixos", nixpkgs.nixos, "--argstr", "lib", nixpkgs.lib,
		"--argstr", "home-manager", nixpkgs.homeManager)
	if err != nil {
		t.Fatal(err)
	}
	type set struct {
		Variables         map[string]string
		Installed, Linked bool
		Drv               string
		Failed            []string
	}
	var got struct {
		NixOS, Home set
		Off         map[string]string
		Wrong       []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("decode %s: %v", out, err)
	}
	variables := map[string]string{"QUICK_DEPLOY_FLAKE": "/etc/nixos", "QUICK_DEPLOY_PROFILE": "$HOME/quick-deploy.yaml"}
	for name, s := range map[string]set{"NixOS": got.NixOS, "home-manager": got.Home} {
		if !maps.Equal(s.Variables, variables) || !s.Installed || !strings.HasSuffix(s.Drv, ".drv") || len(s.Failed) > 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if !got.NixOS.Linked {
		t.Error("NixOS: completions are not linked")
	}
	if len(got.Off) > 0 {
		t.Errorf("without enable: %v", got.Off)
	}
	if len(got.Wrong) != 1 || !strings.Contains(got.Wrong[0], "programs.quick-deploy.flake") {
		t.Errorf("a relative folder: %v", got.Wrong)
	}
}

// evaluateReal returns the derivations of the systems and homes that evaluate.
func evaluateReal(t *testing.T, nixpkgs *realNixpkgs, ages *ageList, name string, tree *generator.Tree) map[string]string {
	t.Helper()
	dir := lay(t, tree)
	newest := ""
	var names []string
	for _, h := range tree.Hosts {
		newest = max(newest, h.Release)
		names = append(names, h.Name)
		for _, u := range h.Users {
			if u.Home && nixpkgs.homeManager != "" {
				names = append(names, u.Name+"@"+h.Name)
			}
		}
	}
	drvs := map[string]string{}
	evaluate := func(names ...string) error {
		systems, young, err := nixpkgs.evaluate(t, dir, newest, names...)
		for _, age := range young {
			ages.add(name, age.String())
		}
		for system, s := range systems {
			drvs[system] = s.Drv
			for _, message := range slices.Concat(s.Assertions, s.Warnings) {
				ages.fail(t, nixpkgs, newest, name, system, message)
			}
			if len(s.Assertions) == 0 && !strings.HasSuffix(s.Drv, ".drv") {
				t.Errorf("%s: %q is no derivation", system, s.Drv)
			}
		}
		return err
	}
	err := evaluate(names...)
	if err != nil && len(names) > 1 {
		// What one of them says hides the rest.
		for _, one := range names {
			if err := evaluate(one); err != nil {
				ages.fail(t, nixpkgs, newest, name, one, err.Error())
			}
		}
	} else if err != nil {
		ages.fail(t, nixpkgs, newest, name, names[0], err.Error())
	}
	return drvs
}

// older are messages that say no more than that a nixpkgs is older than the release before.
var older = []struct {
	before  string
	message *regexp.Regexp
	reason  string
}{
	{"25.05", regexp.MustCompile(`Setting xdg\.portal\.enable to true requires a portal|^xdg-desktop-portal 1\.17 reworked`), "services.desktopManager.cosmic: module not there yet, which brings the desktop's portal"},
	{"25.05", regexp.MustCompile(`users\.users\.jupyter\.group`), "services.jupyter: its user has no group yet"},
	{"24.11", regexp.MustCompile(`called without required argument 'packpathDirs'`), "wrapNeovimUnstable: the wrapper does not find its plugins yet, as home-manager has it"},
	{"25.05", regexp.MustCompile(`Cannot build '.*-google-guest-configs-`), "google-compute: a file of a package is read to evaluate it, which would have to be built"},
	{"25.11", regexp.MustCompile(`/lib/services/lib\.nix' does not exist`), "lib/services: part of lib not there yet, which home-manager imports"},
}

// ageList is what the age of the nixpkgs kept from being evaluated, by case.
type ageList struct {
	mu    sync.Mutex
	cases map[string][]string // reason → cases
}

func (l *ageList) add(name, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.cases[reason], name) {
		l.cases[reason] = append(l.cases[reason], name)
	}
}

// fail fails the test, unless the nixpkgs is older than the release that the case is for and
// that is why.
func (l *ageList) fail(t *testing.T, nixpkgs *realNixpkgs, release, name, system, message string) {
	t.Helper()
	for _, o := range older {
		if nixpkgs.release < release && nixpkgs.release < o.before && o.message.MatchString(message) {
			l.add(name+"/"+system, o.reason)
			return
		}
	}
	t.Errorf("%s: %s", system, message)
}

func (l *ageList) report(t *testing.T, nixpkgs *realNixpkgs) {
	for _, reason := range slices.Sorted(maps.Keys(l.cases)) {
		t.Logf("nixpkgs is of %s: %s (%s)", nixpkgs.release, reason, strings.Join(l.cases[reason], ", "))
	}
}

// compareTexts compares the texts of the systems with the lines in real.txt.
func compareTexts(t *testing.T, nixpkgs *realNixpkgs, fsys fs.FS, drvs map[string]string) {
	t.Helper()
	data, err := fs.ReadFile(fsys, "real.txt")
	if err != nil {
		return // nothing of its own that could be compared
	}
	texts := map[string][]systemText{}
	for _, section := range txtar.Parse(data).Files {
		system, file, _ := strings.Cut(section.Name, "/")
		if drvs[system] == "" {
			continue // does not evaluate, which was said
		}
		if texts[system] == nil {
			texts[system] = nixpkgs.texts(t, drvs[system])
		}
		var have []string
		for _, text := range texts[system] {
			if text.Name == file {
				have = append(have, text.Text)
			}
		}
		if len(have) == 0 {
			var names []string
			for _, text := range texts[system] {
				names = append(names, text.Name)
			}
			t.Errorf("%s has no %s; it has %q", system, file, names)
			continue
		}
		t.Logf("%s:\n%s", section.Name, strings.Join(have, "\n"))
		for _, wrong := range compareLines(strings.Join(have, "\n"), string(section.Data)) {
			t.Errorf("%s: %s", section.Name, wrong)
		}
	}
}

// compareLines says which of the wanted lines are not in a text, and which unwanted ones are. One
// behind "> " must come after the one wanted before it.
func compareLines(text, lines string) []string {
	var wrong []string
	end := 0 // of the match before
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		line, unwanted := strings.CutPrefix(line, "! ")
		line, later := strings.CutPrefix(line, "> ")
		from := 0
		if later {
			from = end
		}
		pattern := regexp.MustCompile(`(?m)^\s*` + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + `\s*$`)
		at := pattern.FindStringIndex(text[from:])
		switch {
		case at == nil && !unwanted:
			wrong = append(wrong, fmt.Sprintf("missing: %q", line))
		case at != nil && unwanted:
			wrong = append(wrong, fmt.Sprintf("unwanted: %q", line))
		case at != nil:
			end = from + at[1]
		}
	}
	return wrong
}

// A generated flake costs no more to evaluate than the same machine written by hand in one file.
// Nix's count of thunks is the measure, which is the same on every machine. Today it is
// 1.0001 times as many; 1.01 is what a reader of the flake may pay for its being in parts.
func TestRealCost(t *testing.T) {
	nixpkgs := newNixpkgs(t)
	generated := lay(t, generate(t, os.DirFS(filepath.Join(goldenDir, "minimal"))))
	byHand, err := filepath.Abs(filepath.Join(goldenDir, "minimal", "by-hand"))
	if err != nil {
		t.Fatal(err)
	}
	ours, cost, err := nixpkgs.measure(t, generated, generator.DefaultRelease(), false, "atlas")
	if err != nil {
		t.Fatal(err)
	}
	theirs, costByHand, err := nixpkgs.measure(t, byHand, generator.DefaultRelease(), false, "atlas")
	if err != nil {
		t.Fatal(err)
	}
	if ours["atlas"].Drv != theirs["atlas"].Drv {
		t.Errorf("the systems differ: generated %s, by hand %s", ours["atlas"].Drv, theirs["atlas"].Drv)
	}
	ratio := float64(cost.Thunks) / float64(costByHand.Thunks)
	t.Logf("%d thunks generated, %d by hand: %.4f", cost.Thunks, costByHand.Thunks, ratio)
	if ratio > 1.01 {
		t.Errorf("the generated flake takes %.4f times the thunks", ratio)
	}
}

// The comparison finds what it is for: a model given twice, a header that is missing.
func TestCompareLines(t *testing.T) {
	text := "  podman run \\\n  'serve' \\\n  '--model=a' \\\n  '--model=b' \\\nproxy_set_header Host $host;\n"
	for lines, want := range map[string]int{
		"…'--model=b'…\n":                               0,
		"'serve' \\\n\n'--model=a' \\\n":                0,
		"! …'--model=a'…\n":                             1,
		"! …'--model=c'…\n":                             0,
		"proxy_set_header Host localhost;\n":            1,
		"proxy_set_header Host\n":                       1, // a line is compared as a whole
		"proxy_set_header Host …\n! …$host…\n":          1,
		"'serve' …\n> '--model=a' …\n> '--model=b' …\n": 0,
		"'--model=b' …\n> '--model=a' …\n":              1,
		"no such line\nproxy_set_header.Host $host;\n":  2,
	} {
		if got := compareLines(text, lines); len(got) != want {
			t.Errorf("%q: got %q, want %d faults", lines, got, want)
		}
	}
}

// What an older nixpkgs lacks is told from a fault by Nix's message, once each.
func TestYounger(t *testing.T) {
	for message, want := range map[string]string{
		"error: The option `services.postgresql.extensions' does not exist. Definition values:": "services.postgresql.extensions: option not there yet",
		"error: The option `containers.\"a.b\".devices' does not exist.":                        `containers."a.b".devices: option not there yet`,
		"error: forgejo-lts cannot be found in pkgs":                                            "forgejo-lts: package not there yet",
		"error: attribute 'ollama-vulkan' missing\n  17|  package = pkgs.ollama-vulkan;":        "ollama-vulkan: package not there yet",
		"error: attribute 'hack' missing\n  29| fonts = [ pkgs.nerd-fonts.hack ];":              "nerd-fonts.hack: package not there yet",
		"error: attribute 'glances' missing\n  32| mkIf services.glances.enable {":              "services.glances: option not there yet",
		"error: attribute 'web-ui' missing\n  at /n/nixos/modules/q.nix:9:1:\n 9| pkgs.web-ui":  "web-ui: package not there yet",
		"error: attribute 'web-ui' missing\n  at /flake/modules/q.nix:9:1:\n 9| pkgs.web-ui":    "",
		"error: attribute 'no-such-package' missing\n  17| pkgs.no-such-package":                "",
		"error: attribute 'lib' missing\n  43| iniFormat.lib.types.atom;":                       "",
		"error: The option `services.postgresql.package' is defined multiple times":             "",
		"Failed assertions:\n- the sky is down":                                                 "",
	} {
		n := &realNixpkgs{nixos: "/n"}
		age, ok := n.younger(message)
		if got := map[bool]string{true: age.String()}[ok]; got != want {
			t.Errorf("%s\ngot %q, want %q", message, got, want)
		}
		if _, again := n.younger(message); again {
			t.Errorf("%s\nis not there yet twice", message)
		}
	}
}
