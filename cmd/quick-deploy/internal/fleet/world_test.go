package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator"
)

// world is a run.Runner that stands for Nix, the engines, ssh and the machines behind it.
type world struct {
	mu       sync.Mutex
	machines map[string]*machine
	// broken are hosts that do not evaluate.
	broken map[string]bool
	// version is a part of the systems' paths: another one is another profile.
	version int
	ran     []string
}

// machine is a folder with a store, profiles and a running system. What goes there by ssh is run here, with stand-ins
// for what would need root or a real store.
type machine struct {
	t    testing.TB
	name string
	dir  string
	away bool
	// full machines take no closure.
	full bool
	// sick machines fail their health check with a system whose path ends so.
	sick string
	// refuses makes switch-to-configuration fail for such systems.
	refuses string
	noHomes bool     // homes do not activate
	failed  []string // units
}

// tools are the stand-ins of a machine; W is its folder.
var tools = map[string]string{
	"nix-env": `
profile=$2 last=0
for link in "$profile"-*-link; do
	n=${link#"$profile"-} n=${n%-link}
	[ "$n" = '*' ] || [ "$n" -le "$last" ] || last=$n
done
case $3 in
--set)
	to=$profile-$last-link
	[ "$(readlink "$to")" = "$4" ] || { to=$profile-$((last + 1))-link; mkdir -p "${to%/*}"; ln -s "$4" "$to"; } ;;
--switch-generation) to=$profile-$4-link ;;
esac
ln -s "${to##*/}" "$profile.tmp" && mv -T "$profile.tmp" "$profile"`,
	"nix-store": `
case $1 in
--check-validity) shift; [ "$1" != --print-invalid ] || shift; for p; do [ -e "$p" ] || { echo "$p"; exit 1; }; done ;;
--realise) [ -e "$2" ] || { echo "path $2 is not valid" >&2; exit 1; }; mkdir -p "${4%/*}" && ln -sfn "$2" "$4" ;;
esac`,
	"nix": `echo 'hello: 1 -> 2'`,
	"systemctl": `
case "$*" in
*--state=failed*json*) sed 's/.*/{"unit":"&"}/' "$W/failed" | paste -sd, | sed 's/.*/[&]/' ;;
*--state=failed*) sed 's/$/ loaded failed failed A unit/' "$W/failed" ;;
esac`,
	"id":      `[ $# = 1 ] && echo 0 || echo 1000`,
	"chown":   ``,
	"setpriv": `who=$2; while [ "$1" != -- ]; do shift; done; shift; HOME=$W/home/$who USER=$who exec "$@"`,
}

const switchToConfiguration = `
system=${0%/bin/*}
echo "$1 $system" >> "$W/log"
[ $1 = test ] || [ $1 = switch ] || echo "$system" > "$W/boot"
case $system in *"$(cat "$W/refuses")") exit 4 ;; esac
[ $1 = boot ] || { ln -s "$system" "$W/run/new" && mv -T "$W/run/new" "$W/run/current-system"; }`

const activateHome = `
home=${0%/activate} state=$HOME/.local/state
echo "activate $USER $home" >> "$W/log"
"$W/bin/nix-env" -p "$state/nix/profiles/home-manager" --set "$home"
[ ! -e "$W/no-homes" ] || exit 1
mkdir -p "$state/home-manager/gcroots" && ln -sfn "$home" "$state/home-manager/gcroots/current-home"`

func newWorld(t testing.TB, names ...string) *world {
	w := &world{machines: map[string]*machine{}, broken: map[string]bool{}, version: 1}
	for _, name := range names {
		m := &machine{t: t, name: name, dir: t.TempDir()}
		for tool, text := range tools {
			m.script(m.path("bin/"+tool), text)
		}
		for _, dir := range []string{"run", "profiles", "home"} {
			m.must(os.MkdirAll(m.path(dir), 0o755))
		}
		w.machines[name] = m
		m.switchTo(m.build("v0"))
		m.must(os.Symlink(m.system("v0"), m.path("profiles/system-7-link")))
		m.must(os.Symlink("system-7-link", m.path("profiles/system")))
	}
	return w
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) path(p string) string { return filepath.Join(m.dir, p) }

func (m *machine) paths() system.Paths {
	return system.Paths{
		Current: m.path("run/current-system"), Booted: m.path("run/booted-system"), System: m.path("profiles/system"),
		PerUser: m.path("profiles/per-user"), Bin: m.path("bin"), Run: m.path("run/quick-deploy"),
		SwitchLock: m.path("run/nixos/lock"), Systemd: m.path("run/systemd"),
	}
}

func (m *machine) script(path, text string) {
	m.must(os.MkdirAll(filepath.Dir(path), 0o755))
	m.must(os.WriteFile(path, []byte("#!/bin/sh\nW="+m.dir+"\n"+text+"\n"), 0o755))
}

// stored is a path in the machine's store; system is that of a system.
func (m *machine) stored(name string) string {
	return m.path("store/00000000000000000000000000000000-" + name)
}

func (m *machine) system(version string) string { return m.stored(m.name + "-" + version) }

func (m *machine) build(version string) string {
	m.script(m.system(version)+"/bin/switch-to-configuration", switchToConfiguration)
	return m.system(version)
}

// switchTo has a system run, past everything.
func (m *machine) switchTo(system string) {
	_ = os.Remove(m.path("run/current-system"))
	m.must(os.Symlink(system, m.path("run/current-system")))
}

func (m *machine) running() string { return m.leads("run/current-system") }
func (m *machine) boots() string   { return m.leads("profiles/system") }

func (m *machine) leads(link string) string {
	to, err := filepath.EvalSymlinks(m.path(link))
	m.must(err)
	return to
}

// log is what was activated.
func (m *machine) log() []string {
	data, _ := os.ReadFile(m.path("log"))
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
}

// run runs a command line on the machine.
func (m *machine) run(ctx context.Context, script string, input []byte) (run.Result, error) {
	refuses := m.refuses
	if refuses == "" {
		refuses = "nothing"
	}
	write := atomic.Writer{}.WriteFile // what runs there reads them meanwhile
	m.must(write(m.path("refuses"), []byte(refuses), 0o600))
	m.must(write(m.path("failed"), []byte(strings.Join(append(slices.Clone(m.failed), ""), "\n")), 0o600))
	if m.noHomes {
		m.must(os.WriteFile(m.path("no-homes"), nil, 0o600))
	} else {
		_ = os.Remove(m.path("no-homes"))
	}
	x := &run.Exec{Environ: append(os.Environ(), "PATH="+m.path("bin")+":"+os.Getenv("PATH"))}
	return x.Run(ctx, run.Command{Name: "sh", Args: []string{"-c", script}, Input: input, Dir: m.path("home")})
}

func (w *world) LookPath(name string) (string, error) { return "/bin/" + name, nil }

// Run implements run.Runner.
func (w *world) Run(ctx context.Context, c run.Command) (run.Result, error) {
	w.mu.Lock()
	w.ran = append(w.ran, c.String())
	w.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return run.Result{Code: -1}, &run.Error{Command: c.Name, Code: -1, Err: err}
	}
	out, code, said := w.answer(ctx, c)
	if said != "" && c.OnLine != nil {
		for line := range strings.Lines(said) {
			c.OnLine(run.Stderr, strings.TrimSuffix(line, "\n"))
		}
	}
	res := run.Result{Stdout: out, Stderr: said, Code: code}
	if code != 0 {
		return res, &run.Error{Command: c.Name, Code: code, Tail: said}
	}
	return res, nil
}

var quoted = regexp.MustCompile(`"([^"]*)"`)

func (w *world) answer(ctx context.Context, c run.Command) (out string, code int, said string) {
	line := strings.Join(c.Args, " ")
	switch c.Name {
	case "nix":
		return w.nix(c.Args)
	case "ssh":
		return w.ssh(ctx, c)
	case "nixos-rebuild":
		login := c.Args[slices.Index(c.Args, "--target-host")+1]
		_, name, _ := strings.Cut(login, "@")
		return w.engine(ctx, []string{name}, "", c.Args[0] != "build")
	case "colmena":
		return w.engine(ctx, strings.Split(c.Args[3], ","), " | ", c.Args[1] != "push")
	case "deploy":
		var names []string
		for _, ref := range c.Args[slices.Index(c.Args, "--targets")+1:] {
			_, name, _ := strings.Cut(ref, "#")
			names = append(names, name)
		}
		return w.engine(ctx, names, "", true)
	}
	return "", 127, "no such program: " + c.Name + " " + line
}

func (w *world) nix(args []string) (string, int, string) {
	version := fmt.Sprintf("v%d", w.version)
	switch args[0] {
	case "build":
		login := quoted.FindStringSubmatch(args[len(args)-1])[1]
		_, host, _ := strings.Cut(login, "@")
		m := w.machines[host]
		home := m.stored("home-" + login[:strings.Index(login, "@")] + "-" + version)
		m.script(home+"/activate", activateHome)
		link := args[slices.Index(args, "--out-link")+1]
		_ = os.Remove(link)
		m.must(os.Symlink(home, link))
		return "", 0, ""
	case "copy":
		return "", 0, ""
	}
	apply := args[slices.Index(args, "--apply")+1]
	out := map[string]string{}
	for _, m := range quoted.FindAllStringSubmatch(apply, -1) {
		if w.broken[m[1]] {
			return "", 1, "error: the option `x' of " + m[1] + " does not exist"
		}
		out[m[1]] = w.machines[m[1]].system(version)
	}
	data, _ := json.Marshal(out)
	return string(data), 0, ""
}

// engine builds for several machines. One that activates too stops at the first that fails.
func (w *world) engine(ctx context.Context, names []string, bar string, activates bool) (string, int, string) {
	said, code := "", 0
	for _, name := range names {
		m := w.machines[name]
		text := "done"
		switch system := m.system(fmt.Sprintf("v%d", w.version)); {
		case m.away:
			text = "no route to host"
		case m.full:
			text = "No space left on device"
		case activates:
			m.build(fmt.Sprintf("v%d", w.version))
			profile := m.path("profiles/system")
			if _, err := m.run(ctx, "nix-env -p "+profile+" --set "+system+" && "+system+"/bin/switch-to-configuration switch", nil); err != nil {
				text = "Activation failed"
			}
		default:
			m.build(fmt.Sprintf("v%d", w.version))
		}
		if bar != "" {
			text = name + bar + text
		}
		said += text + "\n"
		if !strings.HasSuffix(text, "done") {
			code = 1
			if activates {
				break
			}
		}
	}
	return "", code, said
}

func (w *world) ssh(ctx context.Context, c run.Command) (string, int, string) {
	i := slices.Index(c.Args, "--")
	_, name, _ := strings.Cut(c.Args[i-1], "@")
	m := w.machines[name]
	if m == nil || m.away {
		return "", 255, "ssh: connect to host " + name + " port 22: No route to host"
	}
	script := c.Args[i+1]
	switch {
	case strings.Contains(script, "realpath"):
		// The clock and the units of the system; see package health.
		return "1772366400\n100.00 1.00\n\nx.service\nmulti-user.target.wants/x.service\n\n" +
			"/nix/store/u/x.service\n/nix/store/u/x.service\n\n", 0, ""
	case strings.Contains(script, "systemctl show"):
		out := ""
		for _, unit := range strings.Fields(script[strings.Index(script, " -- ")+4:]) {
			state := "active"
			if m.sick != "" && strings.HasSuffix(m.running(), m.sick) || slices.Contains(m.failed, unit) {
				state = "failed"
			}
			out += "\nId=" + unit + "\nLoadState=loaded\nActiveState=" + state + "\nSubState=x\nResult=x\nExecMainStatus=3\n"
		}
		return out, 0, ""
	}
	res, _ := m.run(ctx, script, c.Input)
	return res.Stdout, res.Code, res.Stderr
}

// count is how many commands began so.
func (w *world) count(prefix string) int {
	n := 0
	for _, c := range w.ran {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// operation is a fleet in a world.
type operation struct {
	*Fleet
	world *world
}

func operate(t *testing.T, e generator.Engine, waves ...Wave) *operation {
	t.Helper()
	var names []string
	for _, w := range waves {
		names = append(names, w.Hosts...)
	}
	w := newWorld(t, names...)
	o := &operation{world: w, Fleet: &Fleet{
		Waves: waves, Hosts: map[string]*Host{},
		Config: deploy.Config{
			Runner: w, StateDir: t.TempDir(), Now: time.Now,
			Retry:          retry.Policy{Sleep: func(context.Context, time.Duration) error { return nil }},
			ConfirmTimeout: time.Minute, Tick: 20 * time.Millisecond, Poll: 50 * time.Millisecond,
		},
		Flake: "/flake", Engine: e, Parallel: 2, Flags: deploy.Flags{HealthTimeout: time.Nanosecond},
	}}
	for _, name := range names {
		o.Hosts[name] = &Host{
			Name: name, Fingerprint: "v1", Target: ssh.Target{User: "root", Host: name}, Paths: w.machines[name].paths(),
			Checks: []health.Check{{Name: "x", Kind: health.Unit, Target: "x.service", Required: true}},
		}
	}
	return o
}

// change gives every host new files.
func (o *operation) change() {
	o.world.version++
	for _, h := range o.Hosts {
		h.Fingerprint = fmt.Sprintf("v%d", o.world.version)
	}
}

// deployAgain also deploys machines that run what they should.
func (o *operation) deployAgain(t *testing.T) (map[string]Result, error) {
	o.Again = true
	defer func() { o.Again = false }()
	return o.deploy(t)
}

func (o *operation) deploy(t *testing.T) (map[string]Result, error) {
	t.Helper()
	o.world.ran = nil
	results, err := o.Deploy(t.Context())
	out := map[string]Result{}
	for _, r := range results {
		out[r.Host] = r
	}
	return out, err
}

// runnerFunc tells of each command before it runs.
type runnerFunc struct {
	*world
	before func(name string)
}

// Run implements run.Runner.
func (r runnerFunc) Run(ctx context.Context, c run.Command) (run.Result, error) {
	r.before(c.Name)
	return r.world.Run(ctx, c)
}
