package deploy

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// The commands that act on a machine, each in one place. The plan prints them,
// the steps run them.

// quick is the limit for commands that do not build, download or activate.
const quick = 2 * time.Minute

// buildSystem builds the system as the user. nixos-rebuild leaves a link
// named result in the working directory, which is a garbage-collector root.
// The flags are those that the Python nixos-rebuild (since 25.11) and the shell one
// before it take alike; "build" and what else only builds never re-execute themselves, so --no-reexec is not needed.
func (d *Deployer) buildSystem(g Goal, dir string) run.Command {
	verb, ref, flags := []string{"build"}, g.systemRef(), g.nixFlags()
	if x := g.Extend; x != nil {
		verb, ref, flags = x.Args, throwawayRef(dir)+"#"+g.Host, g.extendFlags()
	}
	args := append(slices.Concat(verb, []string{"--flake", ref}), d.logFormat()...)
	return run.Command{Name: "nixos-rebuild", Args: append(args, flags...), Dir: dir, Timeout: d.cfg.BuildTimeout}
}

// buildHome builds a home as the user. Not "home-manager build": that needs
// the home-manager command, and finds the home of the wrong host where names are ambiguous.
func (d *Deployer) buildHome(g Goal, u User, link string) run.Command {
	args := append([]string{"build"}, run.Flakes...)
	args = append(append(args, "--out-link", link), d.logFormat()...)
	args = append(args, g.nixFlags()...)
	return run.Command{
		Name: "nix", Args: append(args, g.homeRef(u)), Dir: filepath.Dir(link), Timeout: d.cfg.BuildTimeout, Here: true,
	}
}

// logFormat is what the display of one build reads. Those of many machines are shown line by line.
func (d *Deployer) logFormat() []string {
	if d.cfg.Remote != nil {
		return nil
	}
	return []string{"--log-format", "internal-json"}
}

func (g Goal) nixFlags() []string {
	// flake.lock is written by this program: a lock file that Nix wants to
	// change is a finding, not something to change on the way.
	args := []string{"--no-update-lock-file"}
	if g.Offline {
		args = append(args, "--offline")
	}
	// The whole trace goes to the log, and tells which line of the profile an error goes back to.
	args = append(args, "--show-trace")
	return append(args, g.NixArgs...)
}

// rootCommand makes link a garbage-collector root of path. --indirect is what Nix
// before 2.4 needs and later ones accept.
func (d *Deployer) rootCommand(path, link string) run.Command {
	return run.Command{
		Name: "nix-store", Args: []string{"--realise", path, "--add-root", link, "--indirect"}, Timeout: quick,
	}
}
