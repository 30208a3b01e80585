package fleet

import (
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
)

// verb is what an engine is to do with a system.
type verb string

const (
	// try activates without making it the boot default.
	try verb = "test"
	// settle makes it the boot default.
	settle verb = "boot"
)

// order is one call of an engine.
type order struct {
	hosts   []*Host
	command run.Command
}

// orders are the calls that carry out a verb on hosts. colmena and deploy-rs
// take many hosts in one call and do their own queueing; nixos-rebuild takes one.
// An engine without the verb has none.
func (f *Fleet) orders(v verb, hosts []*Host) []order {
	switch f.Engine {
	case generator.Colmena:
		return []order{{hosts, f.colmena(v, hosts)}}
	case generator.DeployRS:
		if v == settle {
			return nil // it makes a system the default when it activates it
		}
		return []order{{hosts, f.deployRS(hosts)}}
	}
	var out []order
	for _, h := range hosts {
		out = append(out, order{[]*Host{h}, f.nixosRebuild(v, h)})
	}
	return out
}

// nixosRebuild is one call of nixos-rebuild (nixpkgs, pkgs/by-name/ni/nixos-rebuild-ng).
func (f *Fleet) nixosRebuild(v verb, h *Host) run.Command {
	// --no-reexec: it would build itself from the flake first.
	args := []string{string(v), "--flake", f.ref(h.Name), "--target-host", h.Target.login(), "--no-reexec", "--no-update-lock-file"}
	if h.BuildOnTarget {
		args = append(args, "--build-host", h.Target.login())
	}
	if h.Target.User != "root" {
		args = append(args, "--sudo")
	}
	return run.Command{
		Name: "nixos-rebuild", Args: append(args, f.NixArgs...), Env: []string{f.nixOptions(h.Target)}, Timeout: f.BuildTimeout,
	}
}

// colmena is one call of colmena (src/command/apply.rs). The hive says where
// the machines are.
func (f *Fleet) colmena(v verb, hosts []*Host) run.Command {
	args := []string{"apply", string(v), "--on", names(hosts), "--parallel", strconv.Itoa(f.Parallel)}
	return run.Command{Name: "colmena", Args: args, Dir: f.Flake, Env: []string{"NIX_SSHOPTS=" + strings.Join(f.SSH, " ")}, Timeout: f.BuildTimeout}
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
	return run.Command{Name: "deploy", Args: args, Timeout: f.BuildTimeout}
}

func names(hosts []*Host) string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.Name)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// boots reports whether a machine boots a system. The profile of a deploy-rs
// node is a wrapper around the system, with another path.
func (f *Fleet) boots(m Machine, system string) bool {
	return f.Engine == generator.DeployRS || m.Default == system
}

// together reports whether the engine takes many machines in one call, and
// so has one exit code for all of them.
func (f *Fleet) together() bool { return f.Engine != generator.NixosRebuild }
