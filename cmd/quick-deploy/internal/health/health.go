// Package health says whether a machine came up as its profile promised.
//
// What is checked is data: a list of Check, derived from the profile by the
// caller. A check names what it looks at, not how; this package knows how.
package health

import (
	"time"
)

// Kind is what a check looks at.
type Kind string

// The kinds. Target means something else in each.
const (
	Unit        Kind = "unit"         // a system unit is active; Target: its name
	UserUnit    Kind = "user-unit"    // a unit of User's own manager is active
	Timer       Kind = "timer"        // a timer is active and has a next run
	FailedUnits Kind = "failed-units" // no system unit has failed; Target: empty
	Mount       Kind = "mount"        // something is mounted at Target
	Port        Kind = "port"         // a TCP connection to Target ("host:port") opens
	HTTP        Kind = "http"         // a GET of Target answers with a status from 200 to 399, or with Status
	Home        Kind = "home"         // User's current home-manager generation is the one that was deployed; Target: its store path
	File        Kind = "file"         // Target exists
	GPU         Kind = "gpu"          // the driver answers; Target: nvidia, amd or intel
	Program     Kind = "program"      // Target is found in the new system's PATH
)

// Check is one thing to look at.
type Check struct {
	Name     string        `json:"name"` // unique, short: "postgresql: unit"
	Kind     Kind          `json:"kind"`
	Target   string        `json:"target,omitempty"`
	User     string        `json:"user,omitempty"`
	Status   int           `json:"status,omitempty"` // of HTTP: the only status that is right, 0: 200 to 399
	Required bool          `json:"required"`         // a failure fails the deployment; else it is a warning
	Grace    time.Duration `json:"grace,omitempty"`  // how long it may take to come up; 0: the checker's
	Origin   string        `json:"origin,omitempty"` // what in the profile asked for it
	Hint     string        `json:"hint,omitempty"`   // what to do when it fails
}

// Outcome of a check.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Warning Outcome = "warning" // failed, not required
	Unknown Outcome = "unknown" // could not be looked at: not a failure of the machine
)

// Finding is what one check found.
type Finding struct {
	Check
	Outcome  Outcome `json:"outcome"`
	Evidence string  `json:"evidence"`
	Fixed    string  `json:"fixed,omitempty"` // the command that --fix ran
	Seconds  float64 `json:"seconds"`
}

// Report is the result of all checks, in their order.
type Report struct {
	SchemaVersion int       `json:"schema_version"`
	Passed        int       `json:"passed"`
	Failed        int       `json:"failed"`
	Warnings      int       `json:"warnings"`
	Unknown       int       `json:"unknown"`
	Findings      []Finding `json:"findings"`
}

// Healthy says whether no required check failed.
func (r Report) Healthy() bool { return r.Failed == 0 }

func (r *Report) count() {
	r.SchemaVersion = 1
	r.Passed, r.Failed, r.Warnings, r.Unknown = 0, 0, 0, 0
	for _, f := range r.Findings {
		switch f.Outcome {
		case Passed:
			r.Passed++
		case Failed:
			r.Failed++
		case Warning:
			r.Warnings++
		case Unknown:
			r.Unknown++
		}
	}
}
