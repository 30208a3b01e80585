package generator_test

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

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// realNixpkgs is a whole nixpkgs: NixOS's own modules and real packages. It is safe for parallel tests.
type realNixpkgs struct {
	env                          *nixtest.Env
	dir, nixos, lib, homeManager string
	release                      string
	mu                           sync.Mutex
	options                      [][]string // that are younger than the modules
	packages                     []string   // that are younger than the packages
}

// realSystem is what a host or a home of a flake evaluates to.
type realSystem struct {
	Assertions []string // those that do not hold
	Warnings   []string
	Drv        string // store path of the derivation
}

// newNixpkgs opens the nixpkgs that QUICK_DEPLOY_TEST_NIXPKGS names, and the home-manager of
// QUICK_DEPLOY_TEST_HOME_MANAGER. Without the first the test is skipped.
//
// Where no nixpkgs of the release is at hand, its parts may come from different revisions:
// QUICK_DEPLOY_TEST_NIXOS names a folder that holds nixos, QUICK_DEPLOY_TEST_LIB one that holds lib.
func newNixpkgs(tb testing.TB) *realNixpkgs {
	tb.Helper()
	dir := os.Getenv("QUICK_DEPLOY_TEST_NIXPKGS")
	if dir == "" {
		tb.Skip("QUICK_DEPLOY_TEST_NIXPKGS names no nixpkgs: NixOS's own modules and real packages are not evaluated")
	}
	n := &realNixpkgs{
		env:         nixtest.New(tb),
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

// age is something that a flake wants and that an older nixpkgs does not have yet.
type age struct{ Kind, Name string }

func (a age) String() string { return a.Name + ": " + a.Kind + " not there yet" }

// evaluate evaluates the hosts and homes of a flake that are named, all without names. What a
// nixpkgs older than the release lacks is replaced by something that does nothing, and returned;
// for a release that is not younger than the nixpkgs nothing is.
func (n *realNixpkgs) evaluate(tb testing.TB, flake, release string, names ...string) (map[string]realSystem, []age, error) {
	tb.Helper()
	systems, ages, _, err := n.count(tb, flake, release, false, nil, names)
	return systems, ages, err
}

// measure is evaluate with what Nix counts, which does not depend on the machine. With own, each host makes
// its packages, as in NixOS, where the flake gives it none.
func (n *realNixpkgs) measure(
	tb testing.TB, flake, release string, own bool, names ...string,
) (map[string]realSystem, statistics, error) {
	tb.Helper()
	systems, _, stats, err := n.count(tb, flake, release, own, nil, names)
	return systems, stats, err
}

// realImage is what is made of a host instead of its system: a variant, with the module that image.Variant makes for it,
// or, without one, the virtual machine that Host.VM makes.
type realImage struct {
	Variant string `json:"variant"`
	Module  string `json:"module"` // absolute path
}

// images is evaluate for an image of a host.
func (n *realNixpkgs) images(tb testing.TB, flake, release, host string, image realImage) (realSystem, []age, error) {
	tb.Helper()
	systems, ages, _, err := n.count(tb, flake, release, false, &image, []string{host})
	return systems[host], ages, err
}

// statistics are what Nix counts; the other numbers are left out.
type statistics struct {
	Thunks int64 `json:"nrThunks"`
	GC     struct {
		Bytes int64 `json:"totalBytes"` // that were allocated
	} `json:"gc"`
}

func (n *realNixpkgs) count(
	tb testing.TB, flake, release string, own bool, image *realImage, names []string,
) (map[string]realSystem, []age, statistics, error) {
	tb.Helper()
	var ages []age
	older := n.release < release
	for {
		file := filepath.Join(tb.TempDir(), "statistics.json")
		args := append([]string{"NIX_SHOW_STATS=1", "NIX_SHOW_STATS_PATH=" + file, "nix-instantiate"},
			n.args(tb, flake, older, own, image, names)...)
		out, err := n.env.TryRun(tb.Context(), "env", args...)
		if err == nil {
			var systems map[string]realSystem
			if err := json.Unmarshal(out, &systems); err != nil {
				tb.Fatalf("decode what nixpkgs made of %s: %v", flake, err)
			}
			var stats statistics
			data, err := os.ReadFile(file)
			if err == nil {
				err = json.Unmarshal(data, &stats)
			}
			if err != nil {
				tb.Fatalf("read what Nix counted: %v", err)
			}
			return systems, ages, stats, nil
		}
		if !older {
			return nil, nil, statistics{}, err
		}
		young, ok := n.younger(err.Error())
		if !ok {
			return nil, ages, statistics{}, err
		}
		ages = append(ages, young)
	}
}

func (n *realNixpkgs) args(tb testing.TB, flake string, older, own bool, image *realImage, names []string) []string {
	tb.Helper()
	n.mu.Lock()
	request, err := json.Marshal(map[string]any{
		"older":    older,
		"own":      own,
		"image":    image,
		"options":  append([][]string{}, n.options...),
		"packages": append([]string{}, n.packages...),
		"names":    append([]string{}, names...),
	})
	n.mu.Unlock()
	if err != nil {
		tb.Fatal(err)
	}
	nixpkgs, _ := n.env.StandIn(tb)
	standIns := filepath.Dir(nixpkgs)
	args := []string{
		"--eval", "--strict", "--json", "--read-write-mode", filepath.Join(standIns, "real", "evaluate.nix"),
		"--argstr", "flake", flake, "--argstr", "nixpkgs", n.dir, "--argstr", "nixos", n.nixos, "--argstr", "lib", n.lib,
		"--argstr", "standIns", standIns, "--argstr", "request", string(request),
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
func (n *realNixpkgs) younger(message string) (age, bool) {
	if m := noOption.FindStringSubmatch(message); m != nil {
		return n.withoutOption(m[1])
	}
	if m := noPackage.FindStringSubmatch(message); m != nil {
		return n.withoutPackage(m[1]) // that NixOS's own modules ask for
	}
	m := noAttribute.FindStringSubmatch(message)
	if m == nil {
		return age{}, false
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

func (n *realNixpkgs) withoutOption(name string) (age, bool) {
	var path []string
	for _, part := range pathPart.FindAllStringSubmatch(name, -1) {
		path = append(path, part[1]+part[2])
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if slices.ContainsFunc(n.options, func(have []string) bool { return slices.Equal(have, path) }) {
		return age{}, false
	}
	n.options = append(n.options, path)
	return age{"option", name}, true
}

// withoutKnownPackage tells a package that is too young from a name that is wrong.
func (n *realNixpkgs) withoutKnownPackage(name string) (age, bool) {
	if !isPackage(name) {
		return age{}, false
	}
	return n.withoutPackage(name)
}

func (n *realNixpkgs) withoutPackage(name string) (age, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if slices.Contains(n.packages, name) {
		return age{}, false
	}
	n.packages = append(n.packages, name)
	return age{"package", name}, true
}

// isPackage tells whether a package of that name is known to the stand-in, which has the names of the supported release.
var isPackage = func() func(string) bool {
	names := sync.OnceValue(func() map[string]bool {
		// Without the file no package is known, and what is missing is an error.
		data, _ := os.ReadFile(filepath.Join("nixtest", "testdata", "nixpkgs", "names.txt"))
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

// systemText is a file that a system is made of: a unit, a configuration file, a script.
type systemText struct{ Name, Text string }

// texts are the units, scripts and configuration files of a system, as far as they are written out when it is evaluated.
// Store paths in them are reduced to names: <nginx>/bin/nginx.
func (n *realNixpkgs) texts(tb testing.TB, drv string) []systemText {
	tb.Helper()
	var out []systemText
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
				out = append(out, systemText{env["name"], n.env.Short(indented(env[key]))})
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

func (n *realNixpkgs) derivation(tb testing.TB, path string) *derivation.Derivation {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(n.env.Store(), filepath.Base(path)))
	if err != nil {
		tb.Fatal(err)
	}
	// The reader knows one store only.
	data = bytes.ReplaceAll(data, []byte(n.env.Store()), []byte("/nix/store"))
	d, err := derivation.ReadDerivation(bytes.NewReader(data))
	if err != nil {
		tb.Fatalf("read %s: %v", path, err)
	}
	return d
}
