package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
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

type machine struct {
	running, boots string
	generation     int
	away           bool
	// sick machines fail their health check with a system whose path ends so.
	sick string
	// refuses makes switch-to-configuration fail for such systems.
	refuses string
	noHomes bool     // homes do not activate
	failed  []string // units
	log     []string
}

func newWorld(names ...string) *world {
	w := &world{machines: map[string]*machine{}, broken: map[string]bool{}, version: 1}
	for _, name := range names {
		old := system(name, 0)
		w.machines[name] = &machine{running: old, boots: old, generation: 7}
	}
	return w
}

func system(host string, version int) string { return fmt.Sprintf("/nix/store/%s-v%d", host, version) }

func (w *world) LookPath(name string) (string, error) { return "/bin/" + name, nil }

// Run implements run.Runner.
func (w *world) Run(ctx context.Context, c run.Command) (run.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ran = append(w.ran, c.String())
	if err := ctx.Err(); err != nil {
		return run.Result{Code: -1}, &run.Error{Command: c.Name, Code: -1, Err: err}
	}
	out, code, said := w.answer(c)
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

func (w *world) answer(c run.Command) (out string, code int, said string) {
	line := strings.Join(c.Args, " ")
	switch c.Name {
	case "nix":
		return w.evaluate(c.Args)
	case "ssh":
		return w.ssh(c.Args)
	case "nixos-rebuild":
		login := c.Args[slices.Index(c.Args, "--target-host")+1]
		_, name, _ := strings.Cut(login, "@")
		return w.engine(c.Args[0], []string{name}, true, "")
	case "colmena":
		return w.engine(c.Args[1], strings.Split(c.Args[3], ","), true, " | ")
	case "deploy":
		var names []string
		for _, ref := range c.Args[slices.Index(c.Args, "--targets")+1:] {
			_, name, _ := strings.Cut(ref, "#")
			names = append(names, name)
		}
		return w.engine("switch", names, false, "")
	}
	return "", 127, "no such program: " + c.Name + " " + line
}

func (w *world) evaluate(args []string) (string, int, string) {
	switch args[0] {
	case "build":
		m := quoted.FindStringSubmatch(args[len(args)-1])
		return "/nix/store/home-" + m[1] + "\n", 0, ""
	case "copy":
		return "", 0, ""
	}
	apply := args[slices.Index(args, "--apply")+1]
	out := map[string]string{}
	for _, m := range quoted.FindAllStringSubmatch(apply, -1) {
		if w.broken[m[1]] {
			return "", 1, "error: the option `x' of " + m[1] + " does not exist"
		}
		out[m[1]] = system(m[1], w.version)
	}
	data, _ := json.Marshal(out)
	return string(data), 0, ""
}

// engine activates on several machines; one that does not go on stops at the
// first that fails.
func (w *world) engine(verb string, names []string, goesOn bool, bar string) (string, int, string) {
	said, code := "", 0
	for _, name := range names {
		m := w.machines[name]
		text := "activated"
		if m.away {
			text = "no route to host"
		} else if status := m.activate(verb, system(name, w.version)); status != 0 {
			text = "Activation failed"
		}
		if bar != "" {
			text = name + bar + text
		}
		said += text + "\n"
		if !strings.HasSuffix(text, "activated") {
			code = 1
			if !goesOn {
				break
			}
		}
	}
	return "", code, said
}

func (m *machine) activate(verb, system string) int {
	m.log = append(m.log, verb+" "+system)
	if verb != "test" {
		m.boots = system
		m.generation++
	}
	if m.refuses != "" && strings.HasSuffix(system, m.refuses) {
		return 4
	}
	if verb != "boot" {
		m.running = system
	}
	return 0
}

var switchRE = regexp.MustCompile(`^(?:sudo -- )?(/nix/store/\S+)/bin/switch-to-configuration (\w+)$`)

func (w *world) ssh(args []string) (string, int, string) {
	i := slices.Index(args, "--")
	_, name, _ := strings.Cut(args[i-1], "@")
	m := w.machines[name]
	if m == nil || m.away {
		return "", 255, "ssh: connect to host " + name + " port 22: No route to host"
	}
	script := args[i+1]
	switch {
	case strings.Contains(script, "readlink"):
		return fmt.Sprintf("%s\n%s\nsystem-%d-link\n", m.running, m.boots, m.generation), 0, ""
	case strings.Contains(script, "realpath"):
		// The clock and the units of the system; see package health.
		return "1772366400\n100.00 1.00\n\nx.service\nmulti-user.target.wants/x.service\n\n" +
			"/nix/store/u/x.service\n/nix/store/u/x.service\n\n", 0, ""
	case strings.Contains(script, "systemctl list-units"):
		out := ""
		for _, unit := range m.failed {
			out += unit + " loaded failed failed A unit\n"
		}
		return out, 0, ""
	case strings.Contains(script, "systemctl show"):
		out := ""
		for _, unit := range strings.Fields(script[strings.Index(script, " -- ")+4:]) {
			state := "active"
			if m.sick != "" && strings.HasSuffix(m.running, m.sick) || slices.Contains(m.failed, unit) {
				state = "failed"
			}
			out += "\nId=" + unit + "\nLoadState=loaded\nActiveState=" + state + "\nSubState=x\nResult=x\nExecMainStatus=3\n"
		}
		return out, 0, ""
	case strings.Contains(script, "nix-env"):
		m.boots = script[strings.LastIndex(script, " ")+1:]
		return "", 0, ""
	}
	if strings.HasSuffix(script, "/activate") {
		m.log = append(m.log, script)
		if m.noHomes {
			return "", 1, "Existing file '/home/ops/.zshrc' would be clobbered"
		}
		return "", 0, ""
	}
	if f := switchRE.FindStringSubmatch(script); f != nil {
		return "", m.activate(f[2], f[1]), ""
	}
	return "", 127, "sh: " + script + ": not found"
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
	hosts map[string]*Host
	waves []Wave
}

func operate(t *testing.T, e generator.Engine, waves ...Wave) *operation {
	t.Helper()
	var names []string
	for _, w := range waves {
		names = append(names, w.Hosts...)
	}
	w := newWorld(names...)
	o := &operation{world: w, waves: waves, hosts: map[string]*Host{}, Fleet: &Fleet{
		Runner: w, Flake: "/flake", Engine: e, State: t.TempDir(), Parallel: 2, Now: time.Now,
		Sleep: func(context.Context, time.Duration) error { return nil }, HealthTimeout: time.Nanosecond,
	}}
	for _, name := range names {
		o.hosts[name] = &Host{
			Name: name, Fingerprint: "v1", Target: Target{User: "root", Host: name},
			Checks: []health.Check{{Name: "x", Kind: health.Unit, Target: "x.service", Required: true}},
		}
	}
	return o
}

// change gives every host new files.
func (o *operation) change() {
	o.world.version++
	for _, h := range o.hosts {
		h.Fingerprint = fmt.Sprintf("v%d", o.world.version)
	}
}

func (o *operation) deploy(t *testing.T, opts Options) (map[string]Result, error) {
	t.Helper()
	o.world.ran = nil
	results, err := o.Deploy(t.Context(), o.waves, o.hosts, opts)
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
