package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// together reports whether the engine takes many machines in one call, and
// so has one exit code for all of them.
func (f *Fleet) together() bool { return f.Engine != generator.NixosRebuild }

// calls has an engine that takes many machines called once for all of a wave, by the first that comes to it.
type calls struct {
	*Fleet
	hosts []*Host

	once sync.Once
	err  error
	// last is the last line that the engine said about each machine, "" about none of them.
	last map[string]string
	// activating says that a machine began to change.
	activating bool
	// names are the hosts', as colmena puts them before its lines: there may be thousands of both.
	names map[string]bool
}

// activating is what switch-to-configuration, colmena and deploy-rs say when a system is activated.
var activating = lazyregexp.New(`(?i)\bactivat(?:ing|ed|ion)\b`)

// run is how the call went for one of the machines: its error, with what the engine said about the machine.
func (c *calls) run(ctx context.Context, h *Host) error {
	c.once.Do(func() { c.err = c.call(ctx) })
	why := cmp.Or(c.last[h.Name], c.last[""])
	if _, ran := errors.AsType[*run.Error](c.err); why == "" || !ran {
		return c.err
	}
	return fmt.Errorf("%w: %s", c.err, why)
}

// call runs the engine, and repeats it where the network broke it before a
// machine began to change. What is said from then on comes from the machine too:
// a unit of it that gets no connection says nothing about ours.
func (c *calls) call(ctx context.Context) error {
	c.names = map[string]bool{}
	for _, h := range c.hosts {
		c.names[h.Name] = true
	}
	command := c.shared(c.hosts)
	command.OnLine = c.line
	var res run.Result
	err := c.policy("").Do(ctx, func(int) *retry.Failure {
		c.last = map[string]string{}
		var err error
		if res, err = c.Runner.Run(ctx, command); err == nil {
			return nil
		}
		if c.activating {
			return &retry.Failure{Err: err}
		}
		return retry.Failed(err, res.Stderr)
	})
	if err == nil {
		return nil
	}
	return engine.Fault(command.Name, err, res)
}

// line takes a line of the engine. colmena puts the machine's name and a bar
// before it; with a single machine every line is about it.
func (c *calls) line(_ run.Stream, text string) {
	c.activating = c.activating || activating.MatchString(text)
	host := ""
	if len(c.hosts) == 1 {
		host = c.hosts[0].Name
	}
	if name, rest, ok := strings.Cut(text, " | "); ok {
		if name = strings.TrimSpace(name); c.names[name] {
			host, text = name, rest
		}
	}
	if said := strings.TrimSpace(text); said != "" {
		c.last[host] = said
	}
	c.tell(journal.Event{Type: "line", Host: host, Message: text})
}

// shared is the call of an engine that takes many hosts and does its own queueing.
func (f *Fleet) shared(hosts []*Host) run.Command {
	var names []string
	for _, h := range hosts {
		names = append(names, h.Name)
	}
	if f.Engine == generator.DeployRS {
		return f.builder().DeployRS(names)
	}
	return f.builder().Colmena(names)
}

// boots reports whether what a machine boots is a system. The profile of a deploy-rs
// node is a wrapper around the system, with another path.
func (f *Fleet) boots(boots, system string) bool {
	return f.Engine == generator.DeployRS || boots == system
}
