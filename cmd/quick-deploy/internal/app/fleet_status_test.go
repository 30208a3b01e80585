package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fleet"
)

// What is proposed fits the machines: one that does not answer is not brought up to date.
func TestStatusFault(t *testing.T) {
	away := &fleet.Status{Host: "a", Standing: fleet.Away, Check: "ssh ops@192.0.2.12 true"}
	pending := &fleet.Status{Host: "b", Standing: fleet.Pending}
	current := &fleet.Status{Host: "c", Standing: fleet.Current}
	check := "check with: ssh ops@192.0.2.12 true"
	deploy := "quick-deploy fleet deploy brings the machines that answer up to date"
	for name, k := range map[string]struct {
		all   []*fleet.Status
		code  fault.Code
		hints []string
	}{
		"all well":    {[]*fleet.Status{current}, fault.OK, nil},
		"unreachable": {[]*fleet.Status{away, current}, fault.Partial, []string{check}},
		"pending":     {[]*fleet.Status{pending}, fault.Pending, []string{deploy}},
		"both":        {[]*fleet.Status{away, pending}, fault.Partial, []string{check, deploy}},
	} {
		err := statusFault(k.all)
		if diff := cmp.Diff(k.hints, fault.HintsOf(err)); diff != "" || fault.CodeOf(err) != k.code {
			t.Errorf("%s: %v, code %d (-want +got):\n%s", name, err, fault.CodeOf(err), diff)
		}
	}
}
