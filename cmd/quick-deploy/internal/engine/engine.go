// Package engine has closures evaluated, built and brought to machines by programs that others wrote: nix,
// nixos-rebuild, colmena, deploy-rs and nixos-anywhere. What each is called with stands here and nowhere else.
package engine

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
)

// Flake is what engines build from.
type Flake struct {
	Dir     string        // absolute path
	NixArgs []string      // behind the rest
	Timeout time.Duration // of a build with its copy, 0: none
	// SSH are options for ssh, and Parallel how many machines are worked on at once, where an engine does that itself.
	SSH      []string
	Parallel int
}

func (f Flake) output(host string) string { return f.Dir + "#" + host }

// Copy copies a closure that was built here to a machine.
func (f Flake) Copy(to ssh.Remote, path string) run.Command {
	args := append([]string{"copy", "--to", to.Target.Store()}, run.Flakes...)
	return run.Command{
		Name: "nix", Args: append(args, path), Env: []string{to.NixOptions()}, Timeout: f.Timeout, Here: true,
	}
}

// NixosRebuild is one call of nixos-rebuild, which copies what it builds and activates nothing (nixpkgs,
// pkgs/by-name/ni/nixos-rebuild-ng, services.py).
func (f Flake) NixosRebuild(to ssh.Remote, host string, buildThere bool) run.Command {
	args := []string{"build", "--flake", f.output(host), "--target-host", to.Target.Login(), "--no-update-lock-file"}
	if buildThere {
		args = append(args, "--build-host", to.Target.Login())
	}
	return run.Command{
		Name: "nixos-rebuild", Args: append(args, f.NixArgs...), Env: []string{to.NixOptions()},
		Timeout: f.Timeout, Here: true,
	}
}

// Colmena is one call of colmena (src/command/apply.rs). The hive says where
// the machines are.
func (f Flake) Colmena(hosts []string) run.Command {
	on := strings.Join(slices.Sorted(slices.Values(hosts)), ",")
	return run.Command{
		Name: "colmena", Args: []string{"apply", "push", "--on", on, "--parallel", strconv.Itoa(f.Parallel)},
		Dir: f.Dir, Env: []string{"NIX_SSHOPTS=" + strings.Join(f.SSH, " ")}, Timeout: f.Timeout, Here: true,
	}
}

// DeployRS is one call of deploy (src/cli.rs). It stops at the first machine
// that fails, and would undo those before it.
func (f Flake) DeployRS(hosts []string) run.Command {
	args := []string{"--skip-checks", "--rollback-succeeded", "false", "--targets"}
	for _, h := range hosts {
		args = append(args, f.output(h))
	}
	if len(f.NixArgs) > 0 {
		args = append(append(args, "--"), f.NixArgs...)
	}
	return run.Command{Name: "deploy", Args: args, Timeout: f.Timeout, Here: true}
}
