// Package health says whether a machine came up as its profile promised.
//
// What is checked is data: a list of Check, derived from the profile by the
// caller. A check names what it looks at, not how; its kind knows how, a file kind_NAME.go
// that registers itself. Which units there are is read from the system that was built, and how
// they are is asked of systemd, both by package system; judge.go makes findings of the two.
package health

import (
	"fmt"
	"strings"
	"time"
)

// Check is one thing to look at.
type Check struct {
	Name     string `json:"name"` // unique, short: "postgresql: port postgresql"
	Kind     Kind   `json:"kind"`
	Target   string `json:"target,omitempty"`
	User     string `json:"user,omitempty"`
	Status   int    `json:"status,omitempty"` // of HTTP: the only status that is right, 0: 200 to 399
	Required bool   `json:"required"`         // a failure fails the deployment; else it is a warning
	// Grace is how long the service may take from its start until the check passes.
	// Within it the service is Starting. 0: it has no time of its own.
	Grace time.Duration `json:"grace,omitempty"`
	// Units are what Port and HTTP are served by, as in the Target of Unit.
	Units  []string `json:"units,omitempty"`
	Origin string   `json:"origin,omitempty"` // what in the profile asked for it
	Hint   string   `json:"hint,omitempty"`   // what to do when it fails
}

// Outcome of a check.
type Outcome string

// The outcomes.
const (
	Passed   Outcome = "passed"
	Failed   Outcome = "failed"
	Starting Outcome = "starting" // not up yet and within its time: neither passed nor failed
	Warning  Outcome = "warning"  // failed, not required
	Unknown  Outcome = "unknown"  // could not be looked at: not a failure of the machine
)

// Finding is what one check found.
type Finding struct {
	Check
	Outcome  Outcome `json:"outcome"`
	Evidence string  `json:"evidence"`
	Fixed    string  `json:"fixed,omitempty"` // the command that --fix ran
	Seconds  float64 `json:"seconds"`

	final bool // waiting changes nothing
}

// Report is the result of all checks, in their order. A check of several units
// has a finding for each.
type Report struct {
	SchemaVersion int       `json:"schema_version"`
	Passed        int       `json:"passed"`
	Failed        int       `json:"failed"`
	Starting      int       `json:"starting"`
	Warnings      int       `json:"warnings"`
	Unknown       int       `json:"unknown"`
	Findings      []Finding `json:"findings"`
}

// Healthy says whether no required check failed.
func (r Report) Healthy() bool { return r.Failed == 0 }

// StillStarting names what is, "" if nothing is.
func (r Report) StillStarting() string {
	var names []string
	for _, f := range r.Of(Starting) {
		names = append(names, f.Name)
	}
	if len(names) == 0 {
		return ""
	}
	return "still starting: " + strings.Join(names, ", ")
}

// Of lists the findings of one outcome.
func (r Report) Of(o Outcome) []Finding {
	var out []Finding
	for _, f := range r.Findings {
		if f.Outcome == o {
			out = append(out, f)
		}
	}
	return out
}

// String counts the findings by their outcomes, without those that nobody had: 3 passed, 1 starting.
func (r *Report) String() string {
	var parts []string
	for _, n := range []struct {
		count int
		what  string
	}{
		{r.Passed, "passed"}, {r.Failed, "failed"}, {r.Starting, "starting"}, {r.Warnings, "with a warning"},
		{r.Unknown, "unknown"},
	} {
		if n.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	if len(parts) == 0 {
		return "nothing to check"
	}
	return strings.Join(parts, ", ")
}

func (r *Report) count() {
	r.SchemaVersion = 1
	r.Passed, r.Failed, r.Starting = len(r.Of(Passed)), len(r.Of(Failed)), len(r.Of(Starting))
	r.Warnings, r.Unknown = len(r.Of(Warning)), len(r.Of(Unknown))
}
