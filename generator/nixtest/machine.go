package nixtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Machine is a directory that the stand-in commands treat as a NixOS machine.
// Its generations are real ones of a scratch profile.
type Machine struct {
	Root string // what / is on a real machine
	env  *Env
}

// Machine makes an empty machine.
func (e *Env) Machine(tb testing.TB) *Machine {
	tb.Helper()
	m := &Machine{Root: tb.TempDir(), env: e}
	for _, dir := range []string{"run", "boot", "test/fail", "nix/var/nix/profiles"} {
		if err := os.MkdirAll(filepath.Join(m.Root, dir), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	return m
}

// Vars are variables to run commands on the machine with, beside [Env.Vars].
func (m *Machine) Vars() []string { return []string{"QUICK_DEPLOY_TEST_ROOT=" + m.Root} }

// Profile is the path of the system profile.
func (m *Machine) Profile() string { return filepath.Join(m.Root, "nix/var/nix/profiles/system") }

// Running is the store path of the system that runs, or "".
func (m *Machine) Running() string { return m.link("run/current-system") }

// Default is the store path of the system that boots next, or "".
func (m *Machine) Default() string { return m.link("boot/default") }

func (m *Machine) link(name string) string {
	target, err := os.Readlink(filepath.Join(m.Root, name))
	if err != nil {
		return ""
	}
	return target
}

// Generation is the number and store path of the system profile's current
// generation, or 0 and "".
func (m *Machine) Generation(tb testing.TB) (int, string) {
	tb.Helper()
	return Generation(tb, m.Profile())
}

// Generation is the number and store path of a profile's current generation,
// or 0 and "" where the profile does not exist.
func Generation(tb testing.TB, profile string) (int, string) {
	tb.Helper()
	link, err := os.Readlink(profile)
	if os.IsNotExist(err) {
		return 0, ""
	}
	if err != nil {
		tb.Fatal(err)
	}
	digits := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(link), filepath.Base(profile)+"-"), "-link")
	n, err := strconv.Atoi(digits)
	if err != nil {
		tb.Fatalf("profile %s points at %s, which is no generation", profile, link)
	}
	path, err := filepath.EvalSymlinks(profile)
	if err != nil {
		tb.Fatal(err)
	}
	return n, path
}

// Fail makes switch-to-configuration (verb switch, boot, test or dry-activate) or
// a home's activation (verb home) fail with an exit status, each time until
// [Machine.Heal]. A pattern limits that to systems whose configuration, as
// JSON, contains it.
//
// Status 1 and 11 fail before anything is done, all others after the switch,
// as NixOS's switch-to-configuration does. Verb sudo makes sudo refuse.
func (m *Machine) Fail(tb testing.TB, verb string, status int, pattern string) {
	tb.Helper()
	text := fmt.Sprintf("%d\n%s\n", status, pattern)
	if err := os.WriteFile(filepath.Join(m.Root, "test/fail", verb), []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// Heal ends what Fail began.
func (m *Machine) Heal(tb testing.TB, verb string) {
	tb.Helper()
	if err := os.Remove(filepath.Join(m.Root, "test/fail", verb)); err != nil {
		tb.Fatal(err)
	}
}

// Log is what switch-to-configuration was called with, a line "verb path" each.
func (m *Machine) Log(tb testing.TB) []string { return m.lines(tb, "test/log") }

// Commands are the command lines of nixos-rebuild, home-manager and sudo.
func (m *Machine) Commands(tb testing.TB) []string { return m.lines(tb, "test/commands") }

func (m *Machine) lines(tb testing.TB, name string) []string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(m.Root, name))
	if err != nil && !os.IsNotExist(err) {
		tb.Fatal(err)
	}
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
}
