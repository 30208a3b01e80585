package deploy

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// Back is the goal of having the machine as a run left it, by undoing what the next one did; 0: as it
// was before the run that made it what it is now. A rollback that was cut off is gone on with.
func (d *Deployer) Back(ctx context.Context, left int) (Goal, error) {
	if st, err := d.store.State(); err == nil && left == 0 && crashed(st) && st.Verb == string(Rollback) {
		if g := savedGoal(st); g.To != nil {
			return d.backTo(*g.To, st.Host), nil
		}
	}
	records, bad := d.store.Records() // the newest first
	if left != 0 {
		after := slices.DeleteFunc(slices.Clone(records),
			func(r journal.Record) bool { return r.ID <= left || r.Point.Taken.IsZero() })
		switch known := slices.ContainsFunc(records, func(r journal.Record) bool { return r.ID == left }); {
		case !known:
			return Goal{}, fault.New(fault.Usage, "unknown run %d", left).
				Hint("quick-deploy history lists the runs")
		case len(after) == 0:
			return Goal{}, fault.New(fault.Usage, "nothing was deployed after run %d", left).
				Hint("to roll back run %d itself, leave out --to", left)
		}
		next := after[len(after)-1]
		return d.backTo(next.Point, next.Host), nil
	}
	for _, r := range records {
		if r.Verb == string(Rollback) || r.Point.Taken.IsZero() || r.After.Same(r.Before) {
			continue
		}
		now, err := d.machine(ctx, d.usersOf(r.After))
		if err != nil {
			return Goal{}, err
		}
		after := r.After // but for the homes that cannot be read from here
		after.Homes = maps.Clone(after.Homes)
		maps.DeleteFunc(after.Homes, func(u string, _ journal.Generation) bool { _, seen := now.Homes[u]; return !seen })
		if now.Same(after) {
			return d.backTo(r.Point, r.Host), nil
		}
	}
	host := d.cfg.HostName
	if len(records) > 0 {
		host = records[0].Host
	}
	point, err := d.store.Point()
	if err != nil {
		return Goal{}, err
	}
	if point == nil {
		e := fault.New(fault.Preflight, "there is nothing to roll back to: no deployment has been recorded")
		for _, b := range bad {
			e.Hint("%v", b)
		}
		return Goal{}, e.Hint("sudo nixos-rebuild switch --rollback rolls back one generation of the system; " +
			"nixos-rebuild list-generations shows them")
	}
	return d.backTo(*point, host), nil
}

// backTo is the goal of going back to a point. A home that there was not then stays.
func (d *Deployer) backTo(p journal.Point, host string) Goal {
	homes := maps.Clone(p.Machine.Homes)
	maps.DeleteFunc(homes, func(_ string, home journal.Generation) bool { return home.Path == "" })
	return Goal{
		Verb: Rollback, Host: host, FlakeDir: p.Flake, To: &p,
		Checks: restored, Users: d.usersOf(journal.Machine{Homes: homes}),
	}
}

// restored is what is looked at after a rollback: what the profile of then promised is not known.
var restored = []health.Check{{Name: "other units", Kind: health.Rest}}

// usersOf are the users with a home on a machine, by name.
func (d *Deployer) usersOf(m journal.Machine) []User {
	var users []User
	for _, u := range sortedKeys(m.Homes) {
		users = append(users, d.userOf(u, m.Homes[u]))
	}
	return users
}

// userOf finds a user's home directory from where their profile lies.
func (d *Deployer) userOf(name string, g journal.Generation) User {
	if name == d.cfg.User {
		return User{Name: name, Home: d.cfg.HomeDir}
	}
	if home, ok := system.HomeOf(g.Profile); ok {
		return User{Name: name, Home: home}
	}
	return User{Name: name, Home: HomeOf(name)}
}

// missing names what of a rollback's point can no longer be come back to.
func (d *Deployer) missing(ctx context.Context, g Goal) []string {
	var out []string
	look := func(what string, gen journal.Generation) {
		if gen.Number > 0 {
			what = fmt.Sprintf("%s generation %d", what, gen.Number)
		}
		switch gone, err := d.collected(ctx, gen.Path); {
		case err != nil:
			out = append(out, fmt.Sprintf("%s: %v", what, err))
		case len(gone) > 0:
			out = append(out, fmt.Sprintf("%s (%s) was garbage-collected", what, gen.Path))
		}
	}
	if system := g.To.Machine.System; !g.SkipSystem && system.Path != "" {
		look("system", system)
	} else if !g.SkipSystem {
		out = append(out, fmt.Sprintf("no system of this machine was recorded before run %d", g.To.Record))
	}
	for _, u := range g.homes() {
		look("home of "+u.Name, g.To.Machine.Homes[u.Name])
	}
	return out
}

// refuseMissing refuses a rollback of which something is missing.
func (g Goal) refuseMissing(missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	return fault.New(fault.Preflight, "cannot roll back to before run %d: %s", g.To.Record,
		strings.Join(missing, "; ")).
		Hint("nothing was changed; choose another run with --to, or a part with --system, --home or --files")
}

// describePoint says what a rollback leads to from what the machine is now, a line each.
func (g Goal) describePoint(now journal.Machine, files []Change) []string {
	var out []string
	line := func(what string, to, now journal.Generation) {
		out = append(out, fmt.Sprintf("%s: generation %d, %s (now %d)", what, to.Number, to.Path, now.Number))
	}
	if !g.SkipSystem {
		line("system", g.To.Machine.System, now.System)
	}
	for _, u := range g.homes() {
		line("home of "+u.Name, g.To.Machine.Homes[u.Name], now.Homes[u.Name])
	}
	for _, u := range sortedKeys(g.To.Machine.Homes) {
		if !g.SkipHome && g.To.Machine.Homes[u].Path == "" {
			out = append(out, "home of "+u+": there was none; the one there is now stays")
		}
	}
	for _, c := range files {
		out = append(out, fmt.Sprintf("file: %-8s %s", c.Action, c.Path))
	}
	return out
}

// filesBack compares the backup of a rollback's point with the flake directory.
func (d *Deployer) filesBack(g Goal) ([]Change, error) {
	b := d.backups()
	m, err := b.Get(g.To.Backup)
	if err != nil {
		return nil, err
	}
	own := map[string]bool{"flake.lock": true, ".quick-deploy/manifest.json": true}
	if g.Owned != nil {
		list, err := g.Owned(g.FlakeDir)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			own[f] = true
		}
	}
	changes, then := []Change{}, map[string]string{} // by source, the path in the flake
	changed, err := b.Changed(m, func(e backup.Entry) bool {
		rel, err := filepath.Rel(g.FlakeDir, e.Source)
		if err != nil || !filepath.IsLocal(rel) {
			return false
		}
		then[e.Source] = rel
		return true
	})
	if err != nil {
		return nil, err
	}
	for _, e := range changed {
		c := Change{Path: then[e.Source], Action: Keep}
		if !exists(e.Source) {
			c.Action = Create
		} else if own[c.Path] {
			c.Action = Update
		}
		changes = append(changes, c)
	}
	for _, rel := range sortedKeys(own) {
		if path := filepath.Join(g.FlakeDir, rel); then[path] == "" && exists(path) {
			changes = append(changes, Change{Path: rel, Action: Delete})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return changes, nil
}

// restoreFiles brings the generated files and the lock file of a point back. It
// is the last of what a rollback moves: the files tell nothing that runs.
func (s *session) restoreFiles(ctx context.Context) error {
	// As the plan has them: half-way through, the manifest tells of other files than before.
	action := map[string]string{}
	for _, c := range s.data.Files {
		if c.pending() {
			action[filepath.Join(s.goal.FlakeDir, c.Path)] = c.Action
		}
	}
	if len(action) == 0 {
		return skipped("no file differs")
	}
	b := s.backups()
	m, err := b.Get(s.goal.To.Backup)
	if err != nil {
		return err
	}
	if _, err := b.Restore(ctx, m, func(e backup.Entry) bool { return action[e.Source] != "" }); err != nil {
		return err
	}
	for _, path := range sortedKeys(action) {
		if action[path] != Delete {
			continue
		}
		if err := os.Remove(path); err != nil && !notExist(err) {
			return fmt.Errorf("restore files: %w", err)
		}
		removeEmptyDirs(filepath.Dir(path), s.goal.FlakeDir)
	}
	return nil
}

// removeEmptyDirs removes dir and its parents up to stop, as far as they are empty.
func removeEmptyDirs(dir, stop string) {
	for strings.HasPrefix(dir, stop+string(filepath.Separator)) {
		if os.Remove(dir) != nil {
			return // not empty
		}
		dir = filepath.Dir(dir)
	}
}
