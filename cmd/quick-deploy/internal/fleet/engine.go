package fleet

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
)

// together reports whether the engine takes many machines in one call, and
// so has one exit code for all of them.
func (f *Fleet) together() bool { return f.Engine != generator.NixosRebuild }

// calls has an engine that takes many machines called once for all of a wave, by the first that comes to it.
type calls struct {
	*Fleet
	hosts []*Host

	once sync.Once
	said transcript
	err  error
}

// run is how the call went for one of the machines.
func (c *calls) run(ctx context.Context, h *Host) error {
	c.once.Do(func() {
		c.said = transcript{fleet: c.Fleet, hosts: c.hosts}
		command := c.shared(c.hosts)
		command.OnLine = c.said.line
		c.err = c.engine(ctx, command, &c.said)
	})
	return c.said.failure(h.Name, c.err)
}

// engine runs an engine, and repeats it where the network broke it before a
// machine began to change. What is said from then on comes from the machine too:
// a unit of it that gets no connection says nothing about ours.
func (f *Fleet) engine(ctx context.Context, c run.Command, said *transcript) error {
	var res run.Result
	err := f.Retry.Do(ctx, f.Jitter, f.Sleep, f.waiting(""), func(int) *retry.Failure {
		said.lines = nil
		var err error
		if res, err = f.Runner.Run(ctx, c); err == nil {
			return nil
		}
		failed := &retry.Failure{Err: err}
		if !said.activating {
			failed.Cause = nixlog.Read(res.Stderr).Cause
		}
		return failed
	})
	if err == nil {
		return nil
	}
	return buildFault(c.Name, err, res)
}

// shared is the call of an engine that takes many hosts and does its own queueing.
func (f *Fleet) shared(hosts []*Host) run.Command {
	if f.Engine == generator.DeployRS {
		return f.deployRS(hosts)
	}
	return f.colmena(hosts)
}

// copyTo copies a closure that was built here to a machine.
func (f *Fleet) copyTo(h *Host, path string) run.Command {
	args := append([]string{"copy", "--to", h.Target.store()}, flakes...)
	return run.Command{Name: "nix", Args: append(args, path), Env: []string{f.nixOptions(h.Target)}, Timeout: f.BuildTimeout, Here: true}
}

// nixosRebuild is one call of nixos-rebuild, which copies what it builds and activates nothing (nixpkgs,
// pkgs/by-name/ni/nixos-rebuild-ng, services.py).
func (f *Fleet) nixosRebuild(h *Host) run.Command {
	args := []string{"build", "--flake", f.ref(h.Name), "--target-host", h.Target.login(), "--no-update-lock-file"}
	if h.BuildOnTarget {
		args = append(args, "--build-host", h.Target.login())
	}
	return run.Command{
		Name: "nixos-rebuild", Args: append(args, f.NixArgs...), Env: []string{f.nixOptions(h.Target)}, Timeout: f.BuildTimeout, Here: true,
	}
}

// colmena is one call of colmena (src/command/apply.rs). The hive says where
// the machines are.
func (f *Fleet) colmena(hosts []*Host) run.Command {
	args := []string{"apply", "push", "--on", names(hosts), "--parallel", strconv.Itoa(f.Parallel)}
	return run.Command{Name: "colmena", Args: args, Dir: f.Flake, Env: []string{"NIX_SSHOPTS=" + strings.Join(f.SSH, " ")}, Timeout: f.BuildTimeout, Here: true}
}

// deployRS is one call of deploy (src/cli.rs). It stops at the first machine
// that fails, and would undo those before it.
func (f *Fleet) deployRS(hosts []*Host) run.Command {
	args := []string{"--skip-checks", "--rollback-succeeded", "false", "--targets"}
	for _, h := range hosts {
		args = append(args, f.ref(h.Name))
	}
	if len(f.NixArgs) > 0 {
		args = append(append(args, "--"), f.NixArgs...)
	}
	return run.Command{Name: "deploy", Args: args, Timeout: f.BuildTimeout, Here: true}
}

func names(hosts []*Host) string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.Name)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// boots reports whether what a machine boots is a system. The profile of a deploy-rs
// node is a wrapper around the system, with another path.
func (f *Fleet) boots(boots, system string) bool {
	return f.Engine == generator.DeployRS || boots == system
}
