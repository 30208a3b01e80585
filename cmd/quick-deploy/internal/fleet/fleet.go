// Package fleet rolls a profile's hosts out to their machines through an
// engine that others wrote: nixos-rebuild, colmena or deploy-rs. What it adds
// is order: waves with a health gate between them, a verdict for each machine,
// a journal for each, and a second run that touches only what is left.
//
// A machine is changed by the steps of package deploy, which reach it by ssh. Of an engine only the build and the
// copy are needed; deploy-rs, which does all by itself, takes the place of those steps from the build to the boot
// default.
package fleet

import (
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator"
)

// Host is a machine of the fleet.
type Host struct {
	Name string
	// Fingerprint changes with everything that the host's system and homes are
	// built from, and with nothing else; see Fingerprint.
	Fingerprint   string
	Target        ssh.Target
	System        string // x86_64-linux, aarch64-linux
	BuildOnTarget bool
	// Homes are the users whose home-manager configuration goes with the system.
	Homes  []deploy.User
	Checks []health.Check
	// Paths are where the machine has its systems; zero: where NixOS has them.
	Paths system.Paths
}

// Verdict is how a machine ended.
type Verdict string

// The verdicts.
const (
	Deployed    Verdict = "deployed"
	Unchanged   Verdict = "unchanged"          // runs what it should
	Unreachable Verdict = "unreachable"        // ssh does not get there: nothing is known about the machine
	NotBuilt    Verdict = "not built"          // evaluation or build failed, the machine is as before
	Failed      Verdict = "failed"             // the engine or the activation failed
	Unhealthy   Verdict = "unhealthy"          // a required health check failed
	Stranded    Verdict = "not rolled back"    // failed, and rolling back failed too: a person is needed
	Rebooting   Verdict = "waits for a reboot" // boots what it should, which cannot run before
	Left        Verdict = "left"               // not begun: a machine before it stopped the roll-out
	Waiting     Verdict = "would be deployed"  // in a plan
)

// codes are the exit codes that tell of a machine alone.
var codes = map[Verdict]fault.Code{
	Unreachable: fault.Network, NotBuilt: fault.Build, Failed: fault.Activation, Unhealthy: fault.Health,
	Stranded: fault.RollbackFailed, Rebooting: fault.Pending, Left: fault.Partial,
}

// OK reports whether the machine runs what it should.
func (v Verdict) OK() bool { return v == Deployed || v == Unchanged }

// Result is what became of a machine.
type Result struct {
	Host    string  `json:"host"`
	Wave    string  `json:"wave"`
	Verdict Verdict `json:"verdict"`
	// System is the store path that the machine should run, Before what it ran.
	System  string `json:"system,omitempty"`
	Before  string `json:"before,omitempty"`
	PutBack bool   `json:"put_back,omitempty"`
	Error   string `json:"error,omitempty"`
	// Code is the exit code that the error asks for, where it is known better than by the verdict.
	Code fault.Code `json:"code,omitempty"`
	// Child is the exit code of the command that failed.
	Child   int            `json:"child_exit,omitempty"`
	Seconds float64        `json:"seconds"`
	Health  *health.Report `json:"health,omitempty"`
}

// Fleet deploys hosts.
type Fleet struct {
	// Config is what the runs on all machines have in common. Its StateDir is where the journals of the machines lie, a
	// folder each; its User deploys; its Runner is of this machine; its Retry is zero where nothing is repeated.
	deploy.Config
	// Waves are what a command is about, Hosts the machines in them, by name.
	Waves    []Wave
	Hosts    map[string]*Host
	Flake    string // absolute path
	Engine   generator.Engine
	Parallel int
	// SSH are options for ssh, NIX_SSHOPTS by the user's environment.
	SSH []string
	// Connections are those that a roll-out's commands share; nil: each opens its own.
	Connections *ssh.Connections
	// Flags are what a command says of every machine's run.
	deploy.Flags
	Again bool // deploys machines that run what they should, too

	telling sync.Mutex
}

// members are the machines of waves, in their order.
func (f *Fleet) members(waves ...Wave) []*Host {
	var out []*Host
	for _, w := range waves {
		for _, name := range w.Hosts {
			out = append(out, f.Hosts[name])
		}
	}
	return out
}

// builder is what engines are called for.
func (f *Fleet) builder() engine.Flake {
	return engine.Flake{Dir: f.Flake, NixArgs: f.NixArgs, Timeout: f.BuildTimeout, SSH: f.SSH, Parallel: f.Parallel}
}

func (f *Fleet) nix() engine.Nix { return engine.Nix{Runner: f.network(""), Args: f.NixArgs} }

// to is the way to a machine, through a runner of this one.
func (f *Fleet) to(r run.Runner, t ssh.Target) ssh.Remote {
	return ssh.Remote{Runner: r, Target: t, Options: f.SSH, Connections: f.Connections}
}

// network is the Runner that repeats what the network broke, and tells of each
// wait, for a host or for all.
func (f *Fleet) network(host string) run.Runner {
	return retry.Runner{Runner: f.Runner, Policy: f.policy(host)}
}

func (f *Fleet) policy(host string) retry.Policy {
	p := f.Retry
	p.Notify = func(n retry.Notice) {
		f.tell(journal.Event{Type: "retry", Host: host, Attempt: n.Attempt, Message: n.String(), Seconds: n.Wait.Seconds()})
	}
	return p
}

// tell hands an event on, one at a time.
func (f *Fleet) tell(e journal.Event) {
	if f.Events == nil {
		return
	}
	e.SchemaVersion, e.Time = journal.EventSchema, f.Now()
	f.telling.Lock()
	defer f.telling.Unlock()
	f.Events(e)
}

// each works on several machines at once, and begins them in their order.
func each[T any](f *Fleet, list []T, do func(T)) {
	var g errgroup.Group
	g.SetLimit(max(1, f.Parallel))
	for _, one := range list {
		g.Go(func() error { do(one); return nil })
	}
	_ = g.Wait() // what goes wrong is noted for each
}
