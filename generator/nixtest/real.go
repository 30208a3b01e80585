package nixtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nix-community/go-nix/pkg/derivation"
)

// Nixpkgs is a whole nixpkgs: NixOS's own modules and real packages. A Nixpkgs
// is safe for parallel tests.
type Nixpkgs struct {
	env                          *Env
	dir, nixos, lib, homeManager string
	release                      string
	mu                           sync.Mutex
	options                      [][]string // that are younger than the modules
	packages                     []string   // that are younger than the packages
}

// System is what a host or a home of a flake evaluates to.
type System struct {
	Assertions []string // those that do not hold
	Warnings   []string
	Drv        string // store path of the derivation
}

// NewNixpkgs opens the nixpkgs that QUICK_DEPLOY_TEST_NIXPKGS names, and the home-manager of
// QUICK_DEPLOY_TEST_HOME_MANAGER. Without the first the test is skipped.
//
// Where no nixpkgs of the release is at hand, its parts may come from different revisions:
// QUICK_DEPLOY_TEST_NIXOS names a folder that holds nixos, QUICK_DEPLOY_TEST_LIB one that holds lib.
func NewNixpkgs(tb testing.TB) *Nixpkgs {
	tb.Helper()
	dir := os.Getenv("QUICK_DEPLOY_TEST_NIXPKGS")
	if dir == "" {
		tb.Skip("QUICK_DEPLOY_TEST_NIXPKGS names no nixpkgs: NixOS's own modules and real packages are not evaluated")
	}
	n := &Nixpkgs{
		env:         New(tb),
		dir:         dir,
		nixos:       cmp.Or(os.Getenv("QUICK_DEPLOY_TEST_NIXOS"), dir),
		lib:         cmp.Or(os.Getenv("QUICK_DEPLOY_TEST_LIB"), dir),
		homeManager: os.Getenv("QUICK_DEPLOY_TEST_HOME_MANAGER"),
	}
	data, err := os.ReadFile(filepath.Join(dir, "lib", ".version"))
	if err != nil {
		tb.Fatalf("read the release of nixpkgs: %v", err)
	}
	n.release = strings.TrimSpace(string(data))
	return n
}

// Release is the release of the packages, such as 26.05.
func (n *Nixpkgs) Release() string { return n.release }

// HasHomes tells whether there is a home-manager.
func (n *Nixpkgs) HasHomes() bool { return n.homeManager != "" }

// Age is something that a flake wants and that an older nixpkgs does not have yet.
type Age struct{ Kind, Name string }

func (a Age) String() string { return a.Name + ": " + a.Kind + " not there yet" }

// Evaluate evaluates the hosts and homes of a flake that are named, all without names. What a
// nixpkgs older than the release lacks is replaced by something that does nothing, and returned;
// for a release that is not younger than the nixpkgs nothing is.
func (n *Nixpkgs) Evaluate(tb testing.TB, flake, release string, names ...string) (map[string]System, []Age, error) {
	tb.Helper()
	systems, ages, _, err := n.evaluate(tb, flake, release, names)
	return systems, ages, err
}

// Measure is Evaluate with the number of thunks that it took, which does not depend on the machine.
func (n *Nixpkgs) Measure(tb testing.TB, flake, release string, names ...string) (map[string]System, int64, error) {
	tb.Helper()
	systems, _, stats, err := n.evaluate(tb, flake, release, names)
	return systems, stats.Thunks, err
}

// statistics are what Nix counts; the other numbers are left out.
type statistics struct {
	Thunks int64 `json:"nrThunks"`
}

func (n *Nixpkgs) evaluate(tb testing.TB, flake, release string, names []string) (map[string]System, []Age, statistics, error) {
	tb.Helper()
	var ages []Age
	older := n.release < release
	for {
		file := filepath.Join(tb.TempDir(), "statistics.json")
		cmd := n.env.Command(tb.Context(), "nix-instantiate", n.args(tb, flake, older, names)...)
		cmd.Env = append(cmd.Env, "NIX_SHOW_STATS=1", "NIX_SHOW_STATS_PATH="+file)
		out, err := output(cmd)
		if err == nil {
			var systems map[string]System
			if err := json.Unmarshal(out, &systems); err != nil {
				tb.Fatalf("decode what nixpkgs made of %s: %v", flake, err)
			}
			var stats statistics
			decode(tb, file, &stats)
			return systems, ages, stats, nil
		}
		if !older {
			return nil, nil, statistics{}, err
		}
		age, ok := n.younger(err.Error())
		if !ok {
			return nil, ages, statistics{}, err
		}
		ages = append(ages, age)
	}
}

func decode(tb testing.TB, file string, v any) {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		tb.Fatalf("read %s: %v", file, err)
	}
}

func (n *Nixpkgs) args(tb testing.TB, flake string, older bool, names []string) []string {
	tb.Helper()
	n.mu.Lock()
	request, err := json.Marshal(map[string]any{
		"older":    older,
		"options":  append([][]string{}, n.options...),
		"packages": append([]string{}, n.packages...),
		"names":    append([]string{}, names...),
	})
	n.mu.Unlock()
	if err != nil {
		tb.Fatal(err)
	}
	args := []string{
		"--eval", "--strict", "--json", "--read-write-mode", filepath.Join(n.env.root, "real", "evaluate.nix"),
		"--argstr", "flake", flake, "--argstr", "nixpkgs", n.dir, "--argstr", "nixos", n.nixos, "--argstr", "lib", n.lib,
		"--argstr", "standIns", n.env.root, "--argstr", "request", string(request),
	}
	if n.homeManager != "" {
		args = append(args, "--argstr", "home-manager", n.homeManager)
	}
	return args
}

var (
	noOption    = regexp.MustCompile("The option `(.*)' does not exist")
	noAttribute = regexp.MustCompile(`attribute '(.*)' missing(?:\s+at (/\S+):\d+)?`)
	noPackage   = regexp.MustCompile(`(\S+) cannot be found in pkgs`)
	pathPart    = regexp.MustCompile(`"([^"]*)"|([^."]+)`)
)

// younger finds in Nix's message what is missing, and has the next evaluation do without.
func (n *Nixpkgs) younger(message string) (Age, bool) {
	if m := noOption.FindStringSubmatch(message); m != nil {
		return n.withoutOption(m[1])
	}
	if m := noPackage.FindStringSubmatch(message); m != nil {
		return n.withoutPackage(m[1]) // that NixOS's own modules ask for
	}
	m := noAttribute.FindStringSubmatch(message)
	if m == nil {
		return Age{}, false
	}
	// The lines that Nix shows say whether a package or an option was wanted.
	name := regexp.QuoteMeta(m[1])
	if p := regexp.MustCompile(`\bpkgs\.((?:[\w'-]+\.)*` + name + `)\b`).FindStringSubmatch(message); p != nil {
		if strings.HasPrefix(m[2], filepath.Join(n.nixos, "nixos")+"/") {
			return n.withoutPackage(p[1])
		}
		return n.withoutKnownPackage(p[1])
	}
	if regexp.MustCompile(`\bservices\.` + name + `\.`).MatchString(message) {
		return n.withoutOption("services." + m[1])
	}
	return n.withoutKnownPackage(m[1])
}

func (n *Nixpkgs) withoutOption(name string) (Age, bool) {
	var path []string
	for _, part := range pathPart.FindAllStringSubmatch(name, -1) {
		path = append(path, part[1]+part[2])
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if slices.ContainsFunc(n.options, func(have []string) bool { return slices.Equal(have, path) }) {
		return Age{}, false
	}
	n.options = append(n.options, path)
	return Age{"option", name}, true
}

// withoutKnownPackage tells a package that is too young from a name that is wrong.
func (n *Nixpkgs) withoutKnownPackage(name string) (Age, bool) {
	if !isPackage(name) {
		return Age{}, false
	}
	return n.withoutPackage(name)
}

func (n *Nixpkgs) withoutPackage(name string) (Age, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if slices.Contains(n.packages, name) {
		return Age{}, false
	}
	n.packages = append(n.packages, name)
	return Age{"package", name}, true
}

// isPackage tells whether a package of that name is known to the stand-in, which has the names of the supported release.
var isPackage = func() func(string) bool {
	names := sync.OnceValue(func() map[string]bool {
		data, _ := testdata.ReadFile("testdata/nixpkgs/names.txt") // embedded
		all := map[string]bool{}
		for name := range strings.FieldsSeq(string(data)) {
			all[name] = true
			set, _, _ := strings.Cut(name, ".")
			all[set] = true
		}
		delete(all, "lib")
		return all
	})
	return func(name string) bool { return names()[name] }
}()

// Text is a file that a system is made of: a unit, a configuration file, a script.
type Text struct{ Name, Text string }

// Texts are the units, scripts and configuration files of a system, as far as they are written out when it is evaluated.
// Store paths in them are reduced to names: <nginx>/bin/nginx.
func (n *Nixpkgs) Texts(tb testing.TB, drv string) []Text {
	tb.Helper()
	var out []Text
	seen := map[string]bool{}
	var walk func(path string)
	walk = func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		d := n.derivation(tb, path)
		env := d.Env
		if structured, ok := env["__json"]; ok {
			env = plain(tb, structured)
		}
		// A package is what it was in another system, too; what NixOS writes has neither source nor version.
		if env["src"] != "" && env["pname"] != "" || env["version"] != "" && env["pname"] != "" {
			return
		}
		for _, key := range []string{"text", "value", "buildCommand"} {
			if env[key] != "" {
				out = append(out, Text{env["name"], short(indented(env[key]))})
				break
			}
		}
		for _, input := range slices.Sorted(maps.Keys(d.InputDerivations)) {
			walk(input)
		}
	}
	walk(drv)
	return out
}

// indented has each value of a JSON text on a line of its own.
func indented(text string) string {
	var out bytes.Buffer
	if !strings.HasPrefix(text, "{") || json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return out.String()
}

// plain are the strings of structured attributes.
func plain(tb testing.TB, structured string) map[string]string {
	tb.Helper()
	var attrs map[string]any
	if err := json.Unmarshal([]byte(structured), &attrs); err != nil {
		tb.Fatalf("decode structured attributes: %v", err)
	}
	out := map[string]string{}
	for name, v := range attrs {
		if s, ok := v.(string); ok {
			out[name] = s
		}
	}
	return out
}

func (n *Nixpkgs) derivation(tb testing.TB, path string) *derivation.Derivation {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(n.env.Store(), filepath.Base(path)))
	if err != nil {
		tb.Fatal(err)
	}
	// The reader knows one store only.
	data = bytes.ReplaceAll(data, []byte(n.env.Store()), []byte(storeDir))
	d, err := derivation.ReadDerivation(bytes.NewReader(data))
	if err != nil {
		tb.Fatalf("read %s: %v", path, err)
	}
	return d
}

const storeDir = "/nix/store"

var storeName = regexp.MustCompile(storeDir + `/[0-9a-z]{32}-([A-Za-z0-9+._?=-]+)`)

// short reduces store paths to names without hash and version.
func short(text string) string {
	return storeName.ReplaceAllStringFunc(text, func(path string) string {
		return "<" + unversioned(storeName.FindStringSubmatch(path)[1]) + ">"
	})
}

// unversioned is a name as builtins.parseDrvName sees it: a version begins at the first dash that no letter follows.
func unversioned(name string) string {
	for i := 0; i+1 < len(name); i++ {
		c := name[i+1]
		if name[i] == '-' && !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return name[:i]
		}
	}
	return name
}
