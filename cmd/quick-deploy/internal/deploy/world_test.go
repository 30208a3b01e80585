package deploy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// world is a machine made of files: a store, profiles, a running system. It is
// a run.Runner whose commands do to those files what the real ones do, so
// that the executor can be killed between any two of them thousands of times.
type world struct {
	dir string
	// fail gives the exit code of commands whose text contains the key, of those that the caller runs.
	fail map[string]int
	// stderr is what such a command says.
	stderr map[string]string
	// before is called before each command of the caller, after behind it.
	before func(c run.Command) error
	after  func(c run.Command)
	// units are what systemctl tells of a unit, "Property=value" separated by blanks; unitsAfter
	// what it tells once another system was switched to.
	units, unitsAfter map[string]string
	// unitFails are the lines of fails for the next unit, see prologue.
	unitFails string
	// homeFiles are what homes hold that are built from now on, beside what activates them.
	homeFiles []string
}

func newWorld(t testing.TB) *world {
	dir, err := os.MkdirTemp(shm(), "world-")
	must(t, err)
	t.Cleanup(func() { endWorld(dir) })
	w := &world{dir: dir}
	w.build(t)
	return w
}

// endWorld ends a world with the units that still wait for a word.
func endWorld(dir string) {
	_ = exec.Command("pkill", "-9", "-f", dir+"/").Run() // there may be none
	os.RemoveAll(dir)
}

// build makes a machine with one running system and one home generation.
func (w *world) build(t testing.TB) {
	t.Helper()
	for _, d := range []string{"store", "run", "bin", "profiles", "home/ada/.local/state/nix/profiles",
		"home/ada/.config/nixos", "etc"} {
		must(t, os.MkdirAll(filepath.Join(w.dir, d), 0o755))
	}
	for name, text := range tools {
		must(t, w.script(w.path("bin/"+name), text))
	}
	must(t, os.WriteFile(w.path("etc/machine-id"), []byte("0123\n"), 0o644))
	sys, err := w.makeSystem("first")
	must(t, err)
	must(t, w.setLink(w.path("run/current-system"), sys))
	must(t, w.setLink(w.path("run/booted-system"), sys))
	must(t, firstGeneration(w.path("profiles/system"), sys))
	must(t, os.WriteFile(w.path("boot"), []byte(sys), 0o644))
	home, err := w.makeHome("first")
	must(t, err)
	must(t, firstGeneration(w.homeProfile(), home))
	w.writeFlake(t, "one")
	w.forget()
}

// inTurn skips with -short, as for the race detector, a test of many runs one after the other.
func inTurn(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: many runs, one after the other")
	}
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

// prologue begins each program that root's half of a run starts: it writes down what was called, and
// finds out whether that is to fail, and with which code, in the lines "code<TAB>text<TAB>text" of fails.
const prologue = `#!/bin/sh
W=%s
tab='	' # this is one
line="$0 $*" code=0
echo "${AS-root}: $line" >> "$W/ran"
if [ -e "$W/fails" ]; then
	while IFS=$tab read -r c one two; do
		case $line in *"$one"*) case $line in *"$two"*) code=$c; echo >> "$W/hits" ;; esac ;; esac
	done < "$W/fails"
fi
`

// tools are the programs that root's half uses, where the real ones need root or a store.
var tools = map[string]string{
	"nix-env": `
[ "$1" = -p ] || exit 0
profile=$2 last=0
for link in "$profile"-*-link; do
	n=${link#"$profile"-} n=${n%-link}
	[ "$n" = '*' ] || [ "$n" -le "$last" ] || last=$n
done
case $3 in
--set)
	to=$profile-$last-link
	[ "$(readlink "$to")" = "$4" ] || { to=$profile-$((last + 1))-link; ln -s "$4" "$to"; } ;;
--switch-generation)
	to=$profile-$4-link
	[ -e "$to" ] || { echo "profile version $4 does not exist" >&2; exit 1; } ;;
esac
ln -s "${to##*/}" "$profile.tmp" && mv -T "$profile.tmp" "$profile"
exit $code`,
	"nix-store": `
[ "$1" = --check-validity ] && { [ -e "$2" ]; exit; }
mkdir -p "${4%/*}" && ln -sfn "$2" "$4"`,
	"systemctl": `
case "$*" in *--state=failed*) sed -n 's/ .*ActiveState=failed.*/ loaded failed failed A unit/p' "$W/units" 2> /dev/null ;; esac
exit 0`,
	"id":    `[ $# = 1 ] && echo 0 || echo 1000`,
	"chown": ``,
	"setpriv": `
while [ "$1" != -- ]; do shift; done
shift
HOME=$W/home/ada USER=ada exec env AS=ada "$@"`,
}

const switchToConfiguration = `
system=${0%/bin/*}
case $code in 1 | 11 | 100) exit $code ;; esac
case $system in *first*) ;; *) [ ! -e "$W/slow" ] || sleep "$(cat "$W/slow")" ;; esac
case $1 in
test)
	ln -s "$system" "$W/run/new" && mv -T "$W/run/new" "$W/run/current-system"
	[ ! -e "$W/units-after" ] || mv "$W/units-after" "$W/units" ;;
boot) printf %s "$system" > "$W/boot" ;;
esac
exit $code`

const activate = `
home=${0%/activate} state=$W/home/ada/.local/state
"$W/bin/nix-env" -p "$state/nix/profiles/home-manager" --set "$home"
[ "$code" = 0 ] || exit "$code"
mkdir -p "$state/home-manager/gcroots" && ln -sfn "$home" "$state/home-manager/gcroots/current-home"`

func (w *world) script(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(fmt.Sprintf(prologue, w.dir)+text+"\n"), 0o755)
}

// ran lists the commands so far, root's with a "#".
func (w *world) ran() []string {
	data, _ := os.ReadFile(w.path("ran"))
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
}

func (w *world) write(command string) {
	f, err := os.OpenFile(w.path("ran"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		fmt.Fprintln(f, strings.ReplaceAll(command, "\n", " "))
		f.Close()
	}
}

// quiet waits until no unit does anything.
func (w *world) quiet(t testing.TB) {
	t.Helper()
	for range 2000 {
		busy := false
		phases, _ := filepath.Glob(w.path("run/quick-deploy/*/phase"))
		for _, p := range phases {
			text, _ := os.ReadFile(p)
			where := phase(strings.TrimSpace(string(text)))
			busy = busy || !where.final() && where != unitReady
		}
		if !busy {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("a unit does not end")
}

func (w *world) forget() { _ = os.Remove(w.path("ran")) }

// noHash is the hash of every store path of the world; names tell them apart.
const noHash = "00000000000000000000000000000000-"

// stored is the store path of a name.
func (w *world) stored(name string) string { return w.path("store/" + noHash + name) }

func (w *world) makeSystem(name string) (string, error) {
	dir := w.stored(name + "-nixos-system")
	if err := w.script(dir+"/bin/switch-to-configuration", switchToConfiguration); err != nil {
		return "", err
	}
	for _, f := range []string{"nixos-version", "init", "kernel", "initrd"} {
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
	if err := w.script(dir+"/activate", activate); err != nil {
		return "", err
	}
	for _, f := range w.homeFiles {
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

// firstGeneration makes a profile as nix-env --set does where there is none.
func firstGeneration(profile, to string) error {
	link := profile + "-1-link"
	return errors.Join(os.Symlink(to, link), os.Symlink(filepath.Base(link), profile))
}

// profileSet does what nix-env --set does.
func (w *world) profileSet(profile, to string) error {
	return exec.Command(w.path("bin/nix-env"), "-p", profile, "--set", to).Run()
}

func (w *world) LookPath(name string) (string, error) {
	if name == "dix" || name == "nvd" {
		return "", exec.ErrNotFound
	}
	return "/bin/" + name, nil
}

func (w *world) Run(ctx context.Context, c run.Command) (run.Result, error) {
	text := c.String()
	reads := c.Name == "/bin/sh" && !c.Elevate
	word := ""
	if reads {
		word = c.Args[len(c.Args)-1]
	}
	if word == leaseKeep || word == leaseBack {
		if w.before != nil {
			if err := w.before(c); err != nil {
				return run.Result{Code: -1}, err
			}
		}
		if w.after != nil {
			defer w.after(c)
		}
	}
	if reads {
		return (&run.Exec{Environ: w.environ()}).Run(ctx, c)
	}
	if c.Elevate {
		text = "# " + text
	}
	w.write(text)
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
	case "systemctl":
		return run.Result{Stdout: w.systemctl(c.Args)}, nil
	case "sh": // root's half of a run
		must := func(name string, units map[string]string) {
			if units == nil {
				return
			}
			var b strings.Builder
			for _, u := range sortedKeys(units) {
				fmt.Fprintf(&b, "%s %s\n", u, units[u])
			}
			_ = os.WriteFile(w.path(name), []byte(b.String()), 0o644)
		}
		_ = os.WriteFile(w.path("fails"), []byte(w.unitFails), 0o644)
		must("units", w.units)
		must("units-after", w.unitsAfter)
		c.Elevate = false
		return (&run.Exec{Environ: w.environ()}).Run(context.Background(), c)
	}
	return run.Result{}, fmt.Errorf("the world knows no %s", c.Name)
}

// environ puts the stand-ins first.
func (w *world) environ() []string {
	return append(os.Environ(), "PATH="+w.path("bin")+":"+os.Getenv("PATH"))
}

// systemctl answers list-units and show from the world's units.
func (w *world) systemctl(args []string) string {
	var b strings.Builder
	if data, err := os.ReadFile(w.path("units")); err == nil {
		for line := range strings.Lines(string(data)) {
			name, properties, _ := strings.Cut(strings.TrimSpace(line), " ")
			w.units[name] = properties
		}
	}
	switch args[0] {
	case "list-units":
		failed := []map[string]string{}
		for _, name := range sortedKeys(w.units) {
			if strings.Contains(w.units[name], "ActiveState=failed") {
				failed = append(failed, map[string]string{"unit": name})
			}
		}
		_ = json.NewEncoder(&b).Encode(failed) // strings
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
		link, err := os.Readlink(p)
		must(t, err)
		number := strings.TrimSuffix(strings.TrimPrefix(link, filepath.Base(p)+"-"), "-link")
		to, err := filepath.EvalSymlinks(p)
		must(t, err)
		out[name] = fmt.Sprintf("%s %s", number, rel(to))
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
		Paths: system.Paths{
			Current: w.path("run/current-system"), Booted: w.path("run/booted-system"), System: w.path("profiles/system"),
			PerUser: w.path("profiles/per-user"), MachineID: w.path("etc/machine-id"), BootID: w.path("boot_id"), Bin: w.path("bin"),
			Run: w.path("run/quick-deploy"), SwitchLock: w.path("run/nixos/switch-to-configuration.lock"), Systemd: w.path("run/systemd"),
		},
		ConfirmTimeout: time.Minute, Tick: 20 * time.Millisecond, Poll: 50 * time.Millisecond,
		Runner: w, Now: func() time.Time { clock = clock.Add(time.Second); return clock },
		Retry: retry.Policy{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }},
		User:  "ada", HomeDir: w.path("home/ada"), StateHome: w.path("home/ada/.local/state"), HostName: "atlas", PID: 42, Tool: "test",
	}
	cfg.Health = &health.Checker{
		Runner: w, Root: w.dir, Now: cfg.Now, Sleep: cfg.Retry.Sleep,
		Paths: cfg.Paths, StateHome: func(string) string { return cfg.StateHome }, Timeout: time.Nanosecond,
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
