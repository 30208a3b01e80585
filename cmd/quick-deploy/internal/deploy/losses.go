package deploy

import (
	"os"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/losses"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// foreign reports whether a running system was not deployed to host from here:
// nothing was yet, or somebody has switched by other means since. A rollback may
// lead to such a system, so that it does not count.
func (d *Deployer) foreign(host, current string) bool {
	records, _ := d.store.Records() // one that cannot be read proves nothing
	for _, r := range records {
		if r.Result == journal.Good && r.Host == host && r.Verb != string(Rollback) && r.System == current {
			return false
		}
	}
	return true
}

// Losses lists what a built system would take from the machine, where the
// running one was not deployed to host from here. Unknown says why nothing can be said.
func (d *Deployer) Losses(host, built string) (list []losses.Loss, unknown string) {
	current, err := resolve(d.cfg.Paths.Current)
	if d.cfg.Machine == nil || err != nil || current == built || !d.foreign(host, current) {
		return nil, ""
	}
	store := os.DirFS("/")
	old, now := system.Open(store, current), system.Open(store, built)
	if !old.Readable() || !now.Readable() {
		return nil, "cannot tell what the switch would take away: the running or the new system has no etc to compare"
	}
	return losses.Compare(system.Of(os.DirFS(d.cfg.Machine.Root)), old, now), ""
}

// checkLosses tells what goes, and refuses what can lock somebody out or stop
// the boot and was not accepted by name. The lines are for the question.
func (s *session) checkLosses() (lines []string, err error) {
	if s.goal.To != nil {
		return nil, nil // a rollback goes where it is told
	}
	accepted := slices.Clone(s.goal.Accept)
	for _, l := range s.state.Losses { // of a run that was cut off
		if l.Accepted {
			accepted = append(accepted, l.Name)
		}
	}
	if before := s.state.Before.Current; s.cfg.Remote != nil {
		// Its closures and its disks cannot be read from here.
		if before != "" && before != s.state.System && s.foreign(s.goal.Host, before) {
			s.warn("quick-deploy did not deploy the running system, and what the new one takes away is not checked")
		}
		return nil, nil
	}
	if !s.data.Touched && !s.between { // else the machine is between two systems, and this was asked before
		var unknown string
		if s.state.Losses, unknown = s.Losses(s.goal.Host, s.state.System); unknown != "" {
			s.say("%s", unknown)
		}
		losses.Accept(s.state.Losses, accepted)
	}
	for _, l := range s.state.Losses {
		e := journal.Event{Type: "loss", Message: "loss: " + l.String(), Data: l}
		if l.Blocks() {
			e.Status = journal.Failed
		}
		s.note(e)
		lines = append(lines, "loss: "+l.String())
	}
	refusal := preflight.Refusal{
		Written: true, About: "the new system would take away what this machine needs", Pass: "--accept",
	}
	for _, l := range losses.Blockers(s.state.Losses) {
		refusal.Blockers = append(refusal.Blockers, preflight.Finding{
			Check: l.Name, Severity: preflight.Blocker, What: l.String(), Fix: "add it to the profile or to local.nix",
		})
	}
	return lines, refusal.Fault()
}
