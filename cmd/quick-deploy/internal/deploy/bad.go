package deploy

import (
	"encoding/json"
	"os"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

// A system that failed its health checks is not tried again by itself: the next timer would take the machine down
// anew. But a verdict is about more than the closure. It holds for the checks that it was tried with and until the
// machine is started again, since what was in the way may have been outside of the closure: a port that another
// program held, a disk that was full, a secret that was missing. Of a closure that was collected nothing need be known.

// markBad remembers the system of this run as bad.
func (s *session) markBad(why string) error {
	return s.store.MarkBad(journal.Closure{
		Path: s.state.System, Record: s.state.ID, Why: why, At: s.cfg.Now(), Boot: s.boot(), Checks: s.goal.checked(),
	})
}

// bad are the closures that are still known to be bad.
func (d *Deployer) bad() ([]journal.Closure, error) {
	all, err := d.store.Bad()
	return slices.DeleteFunc(all, d.outdated), err
}

// outdated tells whether what is known of a closure says nothing any more.
func (d *Deployer) outdated(b journal.Closure) bool {
	return d.cfg.Remote == nil && (b.Boot != d.boot() || !exists(b.Path))
}

// boot identifies the time since the machine was started, "" where that is not known.
func (d *Deployer) boot() string {
	if d.cfg.Remote != nil {
		return ""
	}
	id, _ := os.ReadFile(d.cfg.Paths.BootID) // of a folder that stands for a machine there is none
	return strings.TrimSpace(string(id))
}

// checked identifies the health checks of a goal.
func (g Goal) checked() string {
	text, _ := json.Marshal(g.Checks) // texts and numbers: it cannot fail
	return hashOf(string(text), g.HealthTimeout.String())
}
