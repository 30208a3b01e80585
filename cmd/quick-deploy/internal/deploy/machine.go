package deploy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// generationPath is where generation n of a profile leads, and whether it is there.
func generationPath(profile string, n int) (string, bool) {
	p, err := resolve(fmt.Sprintf("%s-%d-link", profile, n))
	return p, err == nil
}

// resolve follows links as far as they go.
func resolve(path string) (string, error) { return filepath.EvalSymlinks(path) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// homeStates are where the users' home-manager generations are looked for.
func (d *Deployer) homeStates(users []User) []system.User {
	var out []system.User
	for _, u := range users {
		state := filepath.Join(u.Home, ".local/state")
		if u.Name == d.cfg.User {
			state = d.cfg.StateHome
		}
		out = append(out, system.User{Name: u.Name, State: state})
	}
	return out
}

// readFiles are the contents of files on the machine, "" for one that is not there.
func (d *Deployer) readFiles(ctx context.Context, files ...string) ([]string, error) {
	const script = `for file; do cat "$file" 2>/dev/null; printf '\000'; done`
	res, err := d.cfg.Runner.Run(ctx, run.Command{
		Name: "/bin/sh", Args: append([]string{"-c", script, "sh"}, files...), Timeout: quick, Network: true,
	})
	if err != nil {
		return nil, fmt.Errorf("read files of the machine: %w", err)
	}
	texts := strings.Split(res.Stdout, "\x00")
	if len(texts) != len(files)+1 {
		return nil, fmt.Errorf("read files of the machine: it answered with %d files, not %d", len(texts)-1, len(files))
	}
	return texts[:len(files)], nil
}

func (d *Deployer) look(ctx context.Context, users []User) (system.Generations, error) {
	return system.Look(ctx, d.cfg.Runner, d.cfg.Paths, d.homeStates(users))
}

// machine reads what runs, what boots and the homes that may be read.
func (d *Deployer) machine(ctx context.Context, users []User) (journal.Machine, error) {
	g, err := d.look(ctx, users)
	if err != nil {
		return journal.Machine{}, err
	}
	return journal.Machine{Current: g.Current, System: g.System, Homes: g.Homes}, nil
}
