package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// homeProfile is where a user's home-manager generations are: in the state
// folder where home-manager finds nix/profiles there, else in the old place.
func (d *Deployer) homeProfile(u User) string {
	state := filepath.Join(u.Home, ".local/state")
	if u.Name == d.cfg.User {
		state = d.cfg.StateHome
	}
	profiles := filepath.Join(state, "nix/profiles")
	if _, err := os.Stat(profiles); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(profiles, "home-manager")
	}
	if old := filepath.Join(d.cfg.Paths.PerUser, u.Name, "home-manager"); exists(old) {
		return old
	}
	return filepath.Join(profiles, "home-manager")
}

// generation reads a profile link. A profile that does not exist has no path.
func generation(profile string) (journal.Generation, error) {
	g := journal.Generation{Profile: profile}
	link, err := os.Readlink(profile)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return g, fmt.Errorf("read profile: %w", err)
	}
	g.Number = generationNumber(profile, link)
	if !filepath.IsAbs(link) {
		link = filepath.Join(filepath.Dir(profile), link)
	}
	if g.Path, err = resolve(link); errors.Is(err, fs.ErrNotExist) {
		return g, fmt.Errorf("profile %s points to %s, which does not exist", profile, link)
	}
	return g, err
}

// generationNumber reads N out of NAME-N-link.
func generationNumber(profile, link string) int {
	s, ok := strings.CutPrefix(filepath.Base(link), filepath.Base(profile)+"-")
	if !ok {
		return 0
	}
	s, ok = strings.CutSuffix(s, "-link")
	n, err := strconv.Atoi(s)
	if !ok || err != nil {
		return 0
	}
	return n
}

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

// machine reads what runs and what boots. As lets it ask as another user,
// whose home it may not read itself; a status or a plan does without.
func (d *Deployer) machine(ctx context.Context, users []User, as bool) (journal.Machine, error) {
	var m journal.Machine
	current, err := resolve(d.cfg.Paths.Current)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("read the running system: %w", err)
	}
	m.Current = current
	if m.System, err = generation(d.cfg.Paths.System); err != nil {
		return m, err
	}
	for _, u := range users {
		g, err := generation(d.homeProfile(u))
		if errors.Is(err, fs.ErrPermission) && as {
			g, err = d.generationAs(ctx, u)
		}
		if errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return m, err
		}
		if m.Homes == nil {
			m.Homes = map[string]journal.Generation{}
		}
		m.Homes[u.Name] = g
	}
	return m, nil
}

// generationAs reads another user's home-manager profile as that user.
func (d *Deployer) generationAs(ctx context.Context, u User) (journal.Generation, error) {
	g := journal.Generation{Profile: d.homeProfile(u)}
	ask := func(args ...string) (string, error) {
		res, err := d.cfg.Runner.Run(ctx, run.Command{Name: "readlink", Args: args, As: u.Name, Timeout: quick})
		return strings.TrimSpace(res.Stdout), err
	}
	link, err := ask(g.Profile)
	if err != nil {
		return g, nil // readlink says the same for a missing profile: no generation
	}
	g.Number = generationNumber(g.Profile, link)
	g.Path, err = ask("-f", g.Profile)
	if err != nil {
		return g, fmt.Errorf("read %s's home-manager profile: %w", u.Name, err)
	}
	return g, nil
}
