// Package nixtest runs a real Nix in tests, away from the machine's own store.
//
// [New] finds Nix and gives it a store, a configuration and a home of its own
// in a temporary directory. Evaluation, builds and generations are real. Only
// the package collections are not: testdata holds small stand-ins for nixpkgs
// and home-manager with which a generated flake locks, evaluates, builds and
// switches without a network.
package nixtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Env is a Nix with a store of its own. It is safe for parallel tests.
type Env struct {
	bin  string // directory of the nix commands
	root string
	home string
}

// New returns the Nix of this test process: the one in $QUICK_DEPLOY_TEST_NIX if
// set, else the one on PATH, else the newest in /opt/nix-*/bin. Where there is
// none, the test is skipped, but fails if the environment says CI=true.
//
// All tests of a process that overlap share one store; see [Main] to share it
// between tests that follow each other. Two Envs share everything but HOME.
func New(tb testing.TB) *Env {
	tb.Helper()
	bins := all()
	if len(bins) == 0 {
		missing(tb)
	}
	return newEnv(tb, bins[0])
}

// Each runs f as a subtest with every Nix that is installed, newest first.
func Each(t *testing.T, f func(t *testing.T, env *Env)) {
	t.Helper()
	bins := all()
	if len(bins) == 0 {
		missing(t)
	}
	for _, bin := range bins {
		name := "nix"
		if v, err := version(bin); err == nil {
			name += "-" + v
		}
		t.Run(name, func(t *testing.T) { f(t, newEnv(t, bin)) })
	}
}

func missing(tb testing.TB) {
	tb.Helper()
	const none = "no Nix found: none on PATH, none in /opt/nix-*/bin"
	if os.Getenv("CI") == "true" {
		tb.Fatal(none + "; .ci/install-nix installs one")
	}
	tb.Skip(none)
}

func newEnv(tb testing.TB, bin string) *Env {
	tb.Helper()
	if _, err := version(bin); err != nil {
		tb.Fatal(err)
	}
	root, release, err := stores.acquire(bin)
	if err != nil {
		tb.Fatalf("set up a store for tests: %v", err)
	}
	tb.Cleanup(release)
	return &Env{bin: bin, root: root, home: tb.TempDir()}
}

// Version is the version of Nix, such as 2.34.8.
func (e *Env) Version() string {
	v, _ := version(e.bin)
	return v
}

// Home is the HOME of the commands, a directory of this Env alone.
func (e *Env) Home() string { return e.home }

// Store is the directory of store paths.
func (e *Env) Store() string { return filepath.Join(e.root, "store") }

// Path is a value for PATH: the stand-in commands (nixos-rebuild,
// home-manager, sudo, and a nix that replaces the inputs of flakes by the
// stand-ins), then Nix, then the PATH of the test.
func (e *Env) Path() string {
	return strings.Join([]string{filepath.Join(e.root, "bin"), e.bin, os.Getenv("PATH")}, string(filepath.ListSeparator))
}

// Environ is the complete environment of the commands, as "key=value". Nothing
// of the machine's Nix configuration is left in it.
func (e *Env) Environ() []string {
	keep := func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return !strings.HasPrefix(name, "NIX_") && !strings.HasPrefix(name, "XDG_") &&
			!strings.HasPrefix(name, "GIT_") && name != "IN_NIX_SHELL"
	}
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return !keep(kv) })
	return append(env, e.Vars()...)
}

// Vars are the variables of [Env.Environ] that differ from the environment of
// the test, for programs that bring the rest along.
func (e *Env) Vars() []string {
	dir := func(name string) string { return filepath.Join(e.root, name) }
	var overrides []string
	for name, ref := range e.Overrides() {
		overrides = append(overrides, name+"="+ref)
	}
	slices.Sort(overrides)
	return []string{
		"PATH=" + e.Path(),
		"HOME=" + e.home,
		"NIX_STORE_DIR=" + dir("store"),
		"NIX_STATE_DIR=" + dir("var"),
		"NIX_LOG_DIR=" + dir("log"),
		"NIX_CONF_DIR=" + dir("etc"),
		"NIX_USER_CONF_FILES=" + os.DevNull,
		"NIX_CONFIG=",
		"NIX_PATH=",
		"NIX_REMOTE=",
		"QUICK_DEPLOY_TEST_NIX=" + e.bin,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"QUICK_DEPLOY_TEST_OVERRIDES=" + strings.Join(overrides, " "),
	}
}

// Command prepares one of Nix's programs (nix, nix-env, nix-instantiate, …) or
// any other command, to run in the Env's environment. Nix's programs are the
// real ones, the others are looked up in [Env.Path].
func (e *Env) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	for _, dir := range []string{e.bin, filepath.Join(e.root, "bin")} {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && filepath.Base(name) == name {
			name = file
			break
		}
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = e.Environ()
	return cmd
}

// Run runs a command and returns its standard output. The test fails, with
// what the command said, if the command does.
func (e *Env) Run(tb testing.TB, name string, args ...string) []byte {
	tb.Helper()
	out, err := e.TryRun(tb.Context(), name, args...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TryRun runs a command and returns its standard output. The error of a
// command that failed holds its standard error.
func (e *Env) TryRun(ctx context.Context, name string, args ...string) ([]byte, error) {
	return patiently(func() ([]byte, error) { return output(e.Command(ctx, name, args...)) })
}

// patiently runs a Nix again that gave up on the store's database because
// others, of which tests start many at once, were writing to it.
func patiently(run func() ([]byte, error)) ([]byte, error) {
	for try := 1; ; try++ {
		out, err := run()
		if err == nil || try == 3 || !strings.Contains(err.Error(), "error: SQLite database") {
			return out, err
		}
	}
}

func output(cmd *exec.Cmd) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		line := strings.Join(cmd.Args, " ")
		if len(line) > 400 {
			line = line[:400] + "…"
		}
		return stdout.Bytes(), fmt.Errorf("%s: %w\n%s", line, err, stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

// Eval evaluates an expression, strictly, and returns its value as JSON.
func (e *Env) Eval(tb testing.TB, expr string) []byte {
	tb.Helper()
	out, err := e.TryEval(tb.Context(), expr)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TryEval is Eval for expressions that may fail; the error holds Nix's message.
func (e *Env) TryEval(ctx context.Context, expr string) ([]byte, error) {
	return patiently(func() ([]byte, error) {
		cmd := e.Command(ctx, "nix-instantiate", "--eval", "--strict", "--json", "--read-write-mode", "-")
		cmd.Stdin = strings.NewReader(expr)
		return output(cmd)
	})
}

// EvalInto evaluates an expression and decodes the value, as encoding/json does.
func (e *Env) EvalInto(tb testing.TB, expr string, value any) {
	tb.Helper()
	out := e.Eval(tb, expr)
	if err := json.Unmarshal(out, value); err != nil {
		tb.Fatalf("decode %s: %v", out, err)
	}
}

// Parse has Nix parse files, all of them in one process if they are in order.
// Each file that does not parse is an error of the test.
func (e *Env) Parse(tb testing.TB, files ...string) {
	tb.Helper()
	for batch := range slices.Chunk(files, 1000) {
		if _, err := e.TryRun(tb.Context(), "nix-instantiate", append([]string{"--parse"}, batch...)...); err == nil {
			continue
		}
		for _, file := range batch {
			if _, err := e.TryRun(tb.Context(), "nix-instantiate", "--parse", file); err != nil {
				tb.Error(err)
			}
		}
	}
}

// ParseDir is Parse for every .nix file below a directory. A directory
// without one is an error.
func (e *Env) ParseDir(tb testing.TB, dir string) {
	tb.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Ext(path) == ".nix" {
			files = append(files, path)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = errors.New("no .nix file")
	}
	if err != nil {
		tb.Fatalf("parse %s: %v", dir, err)
	}
	e.Parse(tb, files...)
}
