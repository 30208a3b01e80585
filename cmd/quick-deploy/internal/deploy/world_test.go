package deploy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// world is a machine made of files: a store, profiles, a running system. It is
// a run.Runner whose commands do to those files what the real ones do, so
// that the executor can be killed between any two of them thousands of times.
type world struct {
	dir string
	// fail gives the exit code of commands whose text contains the key.
	fail map[string]int
	// stderr is what such a command says.
	stderr map[string]string
	// before is called before each command, after behind it.
	before func(c run.Command) error
	after  func(c run.Command)
	// ran lists the commands, root ones with a "#".
	ran []string
	// units are what systemctl tells of a unit, "Property=value" separated by blanks.
	units map[string]string
	// homeFiles are what homes hold that are built from now on, beside what activates them.
	homeFiles []string
}

func newWorld(t testing.TB) *world {
	dir, err := os.MkdirTemp(shm(), "world-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{dir: dir}
	w.build(t)
	return w
}

// build makes a machine with one running system and one home generation.
func (w *world) build(t testing.TB) {
	t.Helper()
	for _, d := range []string{"store", "run", "profiles", "home/ada/.local/state/nix/profiles", "home/ada/.config/nixos", "etc"} {
		must(t, os.MkdirAll(filepath.Join(w.dir, d), 0o755))
	}
	must(t, os.WriteFile(w.path("etc/machine-id"), []byte("0123\n"), 0o644))
	sys, err := w.makeSystem("first")
	must(t, err)
	must(t, w.setLink(w.path("run/current-system"), sys))
	must(t, w.setLink(w.path("run/booted-system"), sys))
	must(t, w.profileSet(w.path("profiles/system"), sys))
	must(t, os.WriteFile(w.path("boot"), []byte(sys), 0o644))
	home, err := w.makeHome("first")
	must(t, err)
	must(t, w.profileSet(w.homeProfile(), home))
	w.writeFlake(t, "one")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) path(p string) string { return filepath.Join(w.dir, p) }
func (w *world) flake() string        { return w.path("home/ada/.config/nixos") }
func (w *world) homeProfile() string {
	return w.path("home/ada/.local/state/nix/profiles/home-manager")
}

func (w *world) writeFlake(t testing.TB, text string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(w.flake(), "flake.nix"), []byte(text), 0o644))
	must(t, os.WriteFile(filepath.Join(w.flake(), "flake.lock"), []byte("lock of "+text), 0o644))
}

// noHash is the hash of every store path of the world; names tell them apart.
const noHash = "00000000000000000000000000000000-"

// stored is the store path of a name.
func (w *world) stored(name string) string { return w.path("store/" + noHash + name) }

func (w *world) makeSystem(name string) (string, error) {
	dir := w.stored(name + "-nixos-system")
	for _, f := range []string{"bin/switch-to-configuration", "nixos-version", "init", "kernel", "initrd"} {
		p := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(p, nil, 0o755); err != nil {
			return "", err
		}
	}
	for _, f := range sortedKeys(w.units) {
		p := filepath.Join(dir, "etc/systemd/system/multi-user.target.wants", f)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(p, nil, 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func (w *world) makeHome(name string) (string, error) {
	dir := w.stored(name + "-home-manager-generation")
	for _, f := range append([]string{"activate"}, w.homeFiles...) {
		p := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(p, nil, 0o755); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func (w *world) setLink(link, to string) error {
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return err
	}
	tmp := link + ".tmp"
	_ = os.Remove(tmp)
	if err := os.Symlink(to, tmp); err != nil {
		return err
	}
	return os.Rename(tmp, link)
}

// profileSet does what nix-env --set does: a new generation, unless the newest one is the same.
func (w *world) profileSet(profile, to string) error {
	last := 0
	links, _ := filepath.Glob(profile + "-*-link")
	for _, l := range links {
		last = max(last, generationNumber(profile, l))
	}
	link := fmt.Sprintf("%s-%d-link", profile, last)
	if p, err := os.Readlink(link); err != nil || p != to {
		link = fmt.Sprintf("%s-%d-link", profile, last+1)
		if err := w.setLink(link, to); err != nil {
			return err
		}
	}
	return w.setLink(profile, filepath.Base(link))
}

func (w *world) LookPath(name string) (string, error) {
	if name == "dix" || name == "nvd" {
		return "", exec.ErrNotFound
	}
	return "/bin/" + name, nil
}

func (w *world) Run(ctx context.Context, c run.Command) (run.Result, error) {
	text := c.String()
	if c.Elevate {
		text = "# " + text
	}
	w.ran = append(w.ran, text)
	failed := func(code int, stderr string) (run.Result, error) {
		return run.Result{Code: code, Stderr: stderr}, &run.Error{Command: c.String(), Code: code, Tail: stderr}
	}
	if err := ctx.Err(); err != nil {
		return run.Result{Code: -1}, &run.Error{Command: c.String(), Code: -1, Err: err}
	}
	if w.before != nil {
		if err := w.before(c); err != nil {
			return run.Result{Code: -1}, &run.Error{Command: c.String(), Code: -1, Err: err}
		}
	}
	res, err := w.do(c)
	if err != nil {
		return failed(1, err.Error())
	}
	for _, key := range sortedKeys(w.fail) {
		if strings.Contains(text, key) {
			return failed(w.fail[key], w.stderr[key])
		}
	}
	if w.after != nil {
		w.after(c)
	}
	return res, nil
}

func (w *world) do(c run.Command) (run.Result, error) {
	base := filepath.Base(c.Name)
	for _, key := range sortedKeys(w.fail) {
		if strings.Contains(c.String(), key) && (base == "nixos-rebuild" || base == "nix") {
			return run.Result{}, nil // it fails before it makes anything
		}
	}
	arg := func(name string) string {
		i := slices.Index(c.Args, name)
		if i < 0 || i+1 >= len(c.Args) {
			return ""
		}
		return c.Args[i+1]
	}
	switch base {
	case "nixos-rebuild":
		flake, _, _ := strings.Cut(arg("--flake"), "#")
		sys, err := w.makeSystem(w.hash(flake))
		if err != nil {
			return run.Result{}, err
		}
		return run.Result{}, w.setLink(filepath.Join(c.Dir, "result"), sys)
	case "nix":
		if c.Args[0] == "store" {
			return run.Result{Stdout: "hello: 1 -> 2\n"}, nil
		}
		flake, _, _ := strings.Cut(c.Args[len(c.Args)-1], "#")
		home, err := w.makeHome(w.hash(flake))
		if err != nil {
			return run.Result{}, err
		}
		return run.Result{}, w.setLink(arg("--out-link"), home)
	case "nix-store":
		if c.Args[0] == "--check-validity" {
			gone := slices.DeleteFunc(slices.Clone(c.Args[2:]), exists)
			return run.Result{Stdout: strings.Join(gone, "\n")}, nil
		}
		if !exists(arg("--realise")) {
			return run.Result{}, fmt.Errorf("path %s is not valid", arg("--realise"))
		}
		return run.Result{}, w.setLink(arg("--add-root"), arg("--realise"))
	case "nix-env":
		profile := arg("-p")
		if p := arg("--set"); p != "" {
			return run.Result{}, w.profileSet(profile, p)
		}
		n, err := strconv.Atoi(arg("--switch-generation"))
		if err != nil {
			return run.Result{}, err
		}
		link := fmt.Sprintf("%s-%d-link", profile, n)
		if !exists(link) {
			return run.Result{}, errors.New("profile version " + strconv.Itoa(n) + " does not exist")
		}
		return run.Result{}, w.setLink(profile, filepath.Base(link))
	case "switch-to-configuration":
		sys := filepath.Dir(filepath.Dir(c.Name))
		if !exists(sys) {
			return run.Result{}, os.ErrNotExist
		}
		switch c.Args[0] {
		case "test":
			return run.Result{}, w.setLink(w.path("run/current-system"), sys)
		case "boot":
			return run.Result{}, os.WriteFile(w.path("boot"), []byte(sys), 0o644)
		}
	case "activate":
		return run.Result{}, w.profileSet(w.homeProfile(), filepath.Dir(c.Name))
	case "systemctl":
		return run.Result{Stdout: w.systemctl(c.Args)}, nil
	case "sh": // the survey of a system's files; see package health
		return (&run.Exec{Environ: os.Environ()}).Run(context.Background(), c)
	}
	return run.Result{}, fmt.Errorf("the world knows no %s", c.Name)
}

// systemctl answers list-units and show from the world's units.
func (w *world) systemctl(args []string) string {
	var b strings.Builder
	switch args[0] {
	case "list-units":
		for _, name := range sortedKeys(w.units) {
			if strings.Contains(w.units[name], "ActiveState=failed") {
				fmt.Fprintf(&b, "%s loaded failed failed A unit\n", name)
			}
		}
	case "show":
		for _, name := range args[slices.Index(args, "--")+1:] {
			fmt.Fprintf(&b, "Id=%s\n%s\n\n", name, strings.ReplaceAll(cmp.Or(w.units[name], "LoadState=not-found"), " ", "\n"))
		}
	}
	return b.String()
}

// hash names what a flake builds: only its Nix files count.
func (w *world) hash(flake string) string {
	h := sha256.New()
	files, _ := filepath.Glob(flake + "/*.nix")
	for _, f := range files {
		data, _ := os.ReadFile(f)
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// rel is a path without what differs from world to world.
func (w *world) rel(p string) string { return strings.NewReplacer(w.dir, "", noHash, "").Replace(p) }

// now is what the machine is, for comparing two of them: paths without the world's own place.
func (w *world) now(t testing.TB) map[string]string {
	t.Helper()
	rel := w.rel
	out := map[string]string{}
	current, err := os.Readlink(w.path("run/current-system"))
	must(t, err)
	out["current"] = rel(current)
	for name, p := range map[string]string{"system": w.path("profiles/system"), "home": w.homeProfile()} {
		g, err := generation(p)
		must(t, err)
		out[name] = fmt.Sprintf("%d %s", g.Number, rel(g.Path))
	}
	boot, err := os.ReadFile(w.path("boot"))
	must(t, err)
	out["boot"] = rel(string(boot))
	files, _ := filepath.Glob(w.flake() + "/*")
	for _, f := range files {
		data, err := os.ReadFile(f)
		must(t, err)
		out["file "+filepath.Base(f)] = string(data)
	}
	return out
}

// deployer makes a deployer for the world. The clock stands still unless the test moves it.
func (w *world) deployer(change ...func(*Config)) *Deployer {
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cfg := Config{
		StateDir: w.path("home/ada/.local/state/quick-deploy"),
		Paths: Paths{
			Current: w.path("run/current-system"), Booted: w.path("run/booted-system"), System: w.path("profiles/system"),
			PerUser: w.path("profiles/per-user"), MachineID: w.path("etc/machine-id"),
		},
		Runner: w, Now: func() time.Time { clock = clock.Add(time.Second); return clock },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		User:  "ada", HomeDir: w.path("home/ada"), StateHome: w.path("home/ada/.local/state"), HostName: "atlas", PID: 42, Tool: "test",
	}
	cfg.Health = &health.Checker{
		Runner: w, Root: w.dir, Now: cfg.Now, Sleep: cfg.Sleep,
		HomeProfile: func(string) string { return w.homeProfile() }, Timeout: time.Nanosecond,
	}
	for _, f := range change {
		f(&cfg)
	}
	return New(cfg)
}

func (w *world) goal(verb Verb) Goal {
	return Goal{Verb: verb, Host: "atlas", FlakeDir: w.flake(), Users: []User{{"ada", w.path("home/ada")}}, Yes: true}
}

// planBack plans a rollback to before a run, answered with yes.
func planBack(t testing.TB, d *Deployer, run int, change ...func(*Goal)) Plan {
	t.Helper()
	g, err := d.Back(t.Context(), run)
	must(t, err)
	g.Yes = true
	for _, f := range change {
		f(&g)
	}
	p, err := d.Plan(t.Context(), g)
	must(t, err)
	return p
}

// run plans and runs.
func (w *world) run(t testing.TB, d *Deployer, g Goal) (journal.Record, error) {
	t.Helper()
	p, err := d.Plan(t.Context(), g)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return d.Run(t.Context(), p)
}
