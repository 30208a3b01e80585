package deploy

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// finish writes the deployment into the history and clears away what is too old.
func (s *session) finish(ctx context.Context) error {
	end := s.cfg.Now()
	s.state.Status, s.state.Error, s.state.Code, s.state.Child = journal.Done, "", 0, 0
	s.state.Ended = end
	s.step.Status, s.step.End = journal.Done, &end
	s.final = s.record(journal.Good, s.state.After)
	if s.goal.Verb.touches() {
		if err := s.store.SaveRecord(s.final); err != nil {
			return err
		}
	}
	if err := s.hook("recorded"); err != nil {
		return err
	}
	if err := s.save(); err != nil {
		return err
	}
	s.prune(ctx)
	return nil
}

// heldPoints is how many of the newest rollback points keep their closures
// from being collected. Older ones can be rolled back to until they are.
const heldPoints = 3

// prune removes old records, backups, roots and working directories. What
// cannot be removed stays: it is tidying, not part of the deployment.
func (s *session) prune(ctx context.Context) {
	var booted string
	if g, err := s.look(ctx, nil); err == nil {
		booted = g.Booted
	}
	live := slices.DeleteFunc([]string{s.state.After.Current, s.state.After.System.Path, booted},
		func(p string) bool { return p == "" })
	s.tidied("history", s.store.Prune(s.cfg.Retention, live))
	records, _ := s.store.Records()
	held := map[int]bool{s.state.ID: true}
	backups := []string{s.state.Backup, s.data.HomeBackup}
	if p, err := s.store.Point(); err == nil && p != nil {
		held[p.Record] = true
		backups = append(backups, p.Backup)
	}
	for i, r := range records {
		backups = append(backups, r.Point.Backup, r.Backup)
		if i < heldPoints {
			held[r.Point.Record], held[r.ID] = true, true
		}
	}
	s.tidied("backups", s.backups().Prune(s.cfg.Backups.Count, s.cfg.Backups.Age, backups))
	logs := []string{s.cfg.LogPath}
	for _, r := range records {
		logs = append(logs, r.Log)
	}
	old := s.state.Started.Add(-logfile.KeptFor)
	s.tidied("logs", logfile.Prune(s.store.Path("logs"), logfile.Deploy, logfile.Kept, old, logs))
	var ids []string
	for id := range held {
		ids = append(ids, strconv.Itoa(id))
	}
	s.tidied("bad closures", s.store.ClearBad(func(b journal.Closure) bool {
		return b.Path == s.state.System || s.outdated(b) // it is well now, or nothing is known
	}))
	_, err := s.cfg.Runner.Run(ctx, run.Command{
		Name: "/bin/sh", Args: append([]string{"-c", removeRoots, "sh", s.roots()}, ids...), Timeout: quick, Network: true,
	})
	s.tidied("gcroots", err)
	entries, _ := os.ReadDir(s.store.Path("work")) // none where nothing was built
	for _, e := range entries {
		if e.Name() != strconv.Itoa(s.state.ID) {
			s.tidied("work", os.RemoveAll(s.store.Path("work", e.Name())))
		}
	}
}

func (s *session) tidied(what string, err error) {
	if err != nil {
		s.cfg.Log.Warn("prune "+what, "error", err)
	}
}

// removeRoots removes the roots of other runs than the given ones.
const removeRoots = `cd "$1" 2>/dev/null || exit 0; shift
for link in [0-9]*-*; do case " $* " in *" ${link%%-*} "*) ;; *) [ ! -L "$link" ] || rm -- "$link" ;; esac; done`

func (d *Deployer) machineID() string {
	if d.cfg.Remote != nil {
		return "" // only the preflight of this machine asks for it
	}
	raw, err := os.ReadFile(d.cfg.Paths.MachineID)
	if err != nil {
		return ""
	}
	// machine-id(5): confidential; a hash of it identifies the machine as well.
	return hashOf("quick-deploy machine", strings.TrimSpace(string(raw)))
}
