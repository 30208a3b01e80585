package deploy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
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

// states are where the users' home-manager generations are looked for.
func (d *Deployer) states(users []User) []system.User {
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

// machine reads what runs, what boots and the homes that may be read.
func (d *Deployer) machine(ctx context.Context, users []User) (journal.Machine, error) {
	g, err := system.Look(ctx, d.cfg.Runner, d.cfg.Paths, d.states(users))
	if err != nil {
		return journal.Machine{}, err
	}
	m := journal.Machine{Current: g.Current, System: g.System}
	if len(g.Homes) > 0 {
		m.Homes = g.Homes
	}
	return m, nil
}
