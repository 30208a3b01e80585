package play

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// torn are profiles of which a line each is wrong, or may be.
func torn(text string) map[string]string {
	out := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	with := func(i int, line ...string) string {
		return strings.Join(slices.Concat(lines[:i], line, lines[i+1:]), "\n") + "\n"
	}
	for i, line := range lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		for what, text := range map[string]string{
			"without":      with(i),
			"misspelt":     with(i, indent+key+"x:"+value),
			"another":      with(i, indent+key+": [-1]"),
			"open":         with(i, line+" {"),
			"further in":   with(i, " "+line),
			"clear text":   with(i, indent+"password: hunter2hunter2", line),
			"wide letters": with(i, indent+"\"😀\": {"+key+": 1}", line),
		} {
			out[fmt.Sprintf("%d-%s", i+1, what)] = text
		}
	}
	return out
}

// The page finds what the program finds, and words it so.
func TestProblemsAreThoseOfValidate(t *testing.T) {
	program := filepath.Join(t.TempDir(), "quick-deploy")
	build(t, program, "quick-deploy", "CGO_ENABLED=0")
	const each = 97 // of some thousands
	n, found := 0, 0
	all := cases(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		q := all[name]
		variants := torn(q.Profile)
		p := newPage(t) // which has seen the other variants
		for _, what := range slices.Sorted(maps.Keys(variants)) {
			if n++; n%each != 0 {
				continue
			}
			q := question{Profile: variants[what], Files: q.Files}
			stderr, code := validated(t, program, q)
			a := ask[generated](t, p, "generate", q)
			var said strings.Builder
			for _, p := range a.Problems {
				said.WriteString(p.Text)
				line := strings.Split(q.Profile, "\n")[max(p.Line, 1)-1]
				if p.File == "" && (p.Column < 1 || p.EndColumn <= p.Column && p.Column <= utf16Column(line, len(line))) {
					t.Errorf("%s/%s: %+v", name, what, p)
				}
			}
			if found += len(a.Problems); len(a.Problems) > 0 {
				fmt.Fprintf(&said, "quick-deploy: %d problem", len(a.Problems))
			}
			if a.Valid != (code == 0) || !strings.Contains(stderr, said.String()) {
				t.Errorf("%s/%s: the program says (%d)\n%s\nthe page\n%s", name, what, code, stderr, said.String())
			}
		}
	}
	if found < n/each/2 {
		t.Errorf("%d problems in %d profiles", found, n/each)
	}
}

func validated(t *testing.T, program string, q question) (stderr string, code int) {
	t.Helper()
	dir := t.TempDir()
	lay(t, dir, q)
	cmd := exec.Command(program, "--no-probe", "validate")
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "QUICK_DEPLOY_ALLOW_ROOT=true"}
	text, _ := cmd.CombinedOutput() // the exit code says how it went
	return string(text), cmd.ProcessState.ExitCode()
}

const small = `version: 1
extends: [preset:server]
host:
  name: atlas
  stateVersion: "26.05"
  timezone: Europe/Berlin
  # behind it
  users:
    ada: {admin: true}
`

func byPath(a generated, path string) *file {
	if i := slices.IndexFunc(a.Files, func(f *file) bool { return f.Path == path }); i >= 0 {
		return a.Files[i]
	}
	return &file{}
}

func TestWhereLinesComeFrom(t *testing.T) {
	p := newPage(t)
	a := ask[generated](t, p, "generate", question{Profile: small})
	f := byPath(a, "hosts/atlas/configuration.nix")
	from := func(text string) string {
		t.Helper()
		for i, line := range strings.Split(*f.Text, "\n") {
			if strings.Contains(line, text) && i < len(f.From) {
				if f.From[i] == nil {
					return "nowhere"
				}
				return fmt.Sprintf("%s:%d", f.From[i].File, f.From[i].Line)
			}
		}
		t.Fatalf("no line has %s:\n%s", text, *f.Text)
		return ""
	}
	for text, want := range map[string]string{
		"hostName": ":3", "Europe/Berlin": ":6", "fail2ban": "preset:server:7", "stateVersion": ":5", "pkgs, ...": "nowhere",
		"pkgs.curl": "preset:server:12",
	} {
		if got := from(text); got != want {
			t.Errorf("%s comes from %s, want %s\n%s", text, got, want, *f.Text)
		}
	}
	// The page shows the line.
	lines := strings.Split(ask[info](t, p, "info", struct{}{}).Sources["preset:server"], "\n")
	if len(lines) < 12 || !strings.Contains(lines[6], "fail2ban") || !strings.Contains(lines[11], "bundle:network") {
		t.Errorf("preset:server as the page has it:\n%s", strings.Join(lines, "\n"))
	}
}

func TestChanges(t *testing.T) {
	p := newPage(t)
	all := func(a generated, s status) (paths []string) {
		for _, f := range a.Files {
			if f.Status == s {
				paths = append(paths, f.Path)
			}
			if (f.Text == nil) != (f.Status == same) && a.Valid {
				t.Errorf("%s is %s with the text %v", f.Path, f.Status, f.Text)
			}
		}
		return paths
	}
	first := ask[generated](t, p, "generate", question{Profile: small})
	if got := all(first, isNew); len(got) != len(first.Files) || len(got) < 5 {
		t.Errorf("new are %q of %d files", got, len(first.Files))
	}
	edited := strings.Replace(small, "Europe/Berlin", "Etc/UTC", 1)
	a := ask[generated](t, p, "generate", question{Profile: edited})
	f := byPath(a, "hosts/atlas/configuration.nix")
	if got := all(a, changed); len(got) != 1 || len(f.Changed) != 1 ||
		!strings.Contains(strings.Split(*f.Text, "\n")[f.Changed[0]-1], "Etc/UTC") {
		t.Errorf("changed are %q, and %v", got, f.Changed)
	}
	// What is wrong leaves the last valid state, with which the next is compared.
	a = ask[generated](t, p, "generate", question{Profile: edited + "nonsense: 1\n"})
	if a.Valid || len(a.Files) != len(first.Files) || len(a.Problems) != 1 || a.Problems[0].Line != 10 || a.Problems[0].Column != 1 {
		t.Errorf("%+v", a)
	}
	if got := byPath(a, "hosts/atlas/configuration.nix"); got.Text != nil || !slices.Equal(got.Changed, f.Changed) {
		t.Errorf("the changes are %v", got.Changed)
	}
	a = ask[generated](t, p, "generate", question{Profile: strings.Replace(edited, "fail2ban", "", 1) + "    bob: {home: {git: {}}}\n"})
	if got := all(a, isNew); !a.Valid || len(got) == 0 {
		t.Errorf("new are %q: %+v", got, a.Problems)
	}
	a = ask[generated](t, p, "generate", question{Profile: edited})
	if !slices.Contains(a.Removed, "hosts/atlas/home.nix") {
		t.Errorf("removed are %q", a.Removed)
	}
	a = ask[generated](t, p, "generate", question{Profile: edited, Fresh: true})
	if got := all(a, isNew); len(got) != len(a.Files) {
		t.Errorf("new are %q of %d files", got, len(a.Files))
	}
}

func TestChangedLines(t *testing.T) {
	for _, c := range []struct {
		before, after string
		want          []int
	}{
		{"a\nb\nc\n", "a\nb\nc\n", []int{}},
		{"a\nb\nc\n", "a\nx\nc\n", []int{2}},
		{"a\nb\nc\n", "c\n", []int{}},
		{"a\nb\nc\n", "a\nx\ny\nb\nc\nz\n", []int{2, 3, 6}},
		{"", "a\nb\n", []int{1, 2}},
		{"a\nb\nc\nd\n", "b\nc\nx\nd", []int{3, 4}},
	} {
		if got := changedLines(c.before, c.after); !slices.Equal(got, c.want) {
			t.Errorf("%q to %q: %v, want %v", c.before, c.after, got, c.want)
		}
	}
}

// Everything that there is to start from is valid, on every machine.
func TestInfo(t *testing.T) {
	p := newPage(t)
	i := ask[info](t, p, "info", struct{}{})
	if len(i.Presets) != 5 || len(i.Recipes) != 5 || len(i.Machines) < 6 || i.Version != tool {
		t.Errorf("%d presets, %d recipes, %d machines, version %s", len(i.Presets), len(i.Recipes), len(i.Machines), i.Version)
	}
	for _, s := range slices.Concat(i.Presets, i.Recipes) {
		if s.Name == "" || s.About == "" {
			t.Errorf("%+v", s)
		}
		a := ask[generated](t, p, "generate", question{Profile: s.Profile, Files: s.Files})
		if !a.Valid {
			t.Errorf("%s: %+v", s.Name, a.Problems)
		}
		// Keys that work are said to be examples, each in its line.
		var said, want []place
		for _, n := range a.Notices {
			if strings.Contains(n.Text, "only an example") {
				said = append(said, n.place)
			}
		}
		for _, name := range append([]string{""}, slices.Sorted(maps.Keys(s.Files))...) {
			text := s.Files[name]
			if name == "" {
				text = s.Profile
			}
			for i, line := range strings.Split(text, "\n") {
				if strings.Contains(line, " AAAAC3") {
					want = append(want, place{name, i + 1})
				}
			}
		}
		if !slices.Equal(said, want) {
			t.Errorf("%s: example keys are in lines %v, but said of %v", s.Name, want, said)
		}
	}
	for _, s := range i.Presets {
		for _, m := range i.Machines {
			q := question{Profile: s.Profile, Facts: map[string]json.RawMessage{"": m.Facts}}
			a := ask[generated](t, p, "generate", q)
			unknown := slices.ContainsFunc(a.Notices, func(n notice) bool { return strings.Contains(n.Text, "are not known") })
			if !a.Valid || unknown {
				t.Errorf("%s on %s: %+v %+v", s.Name, m.Name, a.Problems, a.Notices)
			}
		}
	}
}

// What hosts have in common is said once.
func TestNoticesOnce(t *testing.T) {
	const two = "version: 1\ndefaults:\n  stateVersion: \"26.05\"\n  users: {ada: {admin: true}}\nhosts:\n  a: {}\n  b: {}\n"
	var lines []int
	for _, n := range ask[generated](t, newPage(t), "generate", question{Profile: two}).Notices {
		lines = append(lines, n.Line)
	}
	if slices.Sort(lines); !slices.Equal(lines, []int{0, 0, 4}) { // of each machine, and of ada
		t.Errorf("notices in lines %v", lines)
	}
}

func TestSearchAndAdd(t *testing.T) {
	p := newPage(t)
	hits := ask[[]found](t, p, "search", map[string]string{"query": "web server"})
	if len(hits) == 0 || hits[0].Name != "nginx" || !strings.Contains(hits[0].Add, "nginx: {}") {
		t.Fatalf("%+v", hits)
	}
	with := ask[added](t, p, "add", addition{question: question{Profile: small}, Name: "nginx"}).Profile
	if a := ask[generated](t, p, "generate", question{Profile: with}); !a.Valid || !strings.Contains(with, "nginx: {}") {
		t.Errorf("%s\n%+v", with, a.Problems)
	}
	if with := ask[added](t, p, "add", addition{question: question{Profile: small}, Name: "cowsay", Kind: "package"}); !strings.Contains(with.Profile, "+packages: [cowsay]") {
		t.Errorf("%+v", with)
	}
	const two = "version: 1\ndefaults: {stateVersion: \"26.05\"}\nhosts:\n  a: {}\n  b: {}\n"
	for _, c := range []struct {
		a    addition
		want string
	}{
		{addition{question: question{Profile: with}, Name: "nginx"}, "nginx is already there (quick-deploy.yaml:"},
		{addition{question: question{Profile: small}, Name: "no-such-thing"}, "unknown name"},
		{addition{question: question{Profile: small}, Name: "time.timeZone"}, "needs a value from you"},
		{addition{question: question{Profile: two}, Name: "nginx"}, "a, b"},
	} {
		if got := failure(t, p, "add", c.a); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.a.Name, got, c.want)
		}
	}
	with = ask[added](t, p, "add", addition{question: question{Profile: two}, Name: "nginx", Host: "b"}).Profile
	if !strings.Contains(with, "b: {services: {nginx: {}}}") {
		t.Error(with)
	}
}
