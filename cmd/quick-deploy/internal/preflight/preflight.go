// Package preflight finds out, before anything is touched, whether a run can
// end well. All findings come at once, each with what was seen and what to do.
//
// The checks are small literals in one list. They look at the machine through package system
// and the fields of Machine, and at the configuration to come through Target, which the
// generator's caller fills: nothing here evaluates Nix.
package preflight

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Severity of a finding.
type Severity string

// The severities. A Blocker refuses the run unless its check is skipped by name.
const (
	Blocker Severity = "blocker"
	Warning Severity = "warning"
)

// Finding is one thing that is wrong, or may be.
type Finding struct {
	Check    string   `json:"check"` // name of the check, for --skip
	Severity Severity `json:"severity"`
	What     string   `json:"what"` // what was seen, with numbers
	Fix      string   `json:"fix"`  // what to do
	Skipped  bool     `json:"skipped,omitempty"`
	// Missing says that a command which is needed was not found.
	Missing bool `json:"missing,omitempty"`
}

// String is the finding with its fix below it, as a plan shows it.
func (f Finding) String() string {
	if f.Skipped {
		return "- " + f.Text()
	}
	return string(f.Severity) + ": " + f.Text()
}

// Text is the finding with its fix below it; of a check that was skipped nobody asks for a fix.
func (f Finding) Text() string {
	if f.Skipped {
		return fmt.Sprintf("%s (skipped): %s", f.Check, f.What)
	}
	return fmt.Sprintf("%s: %s\n    fix: %s", f.Check, f.What, f.Fix)
}

// Refusal is the error of what must not go on.
type Refusal struct {
	Blockers []Finding
	// Written says that files of the flake were written before it was found.
	Written bool
	// About says what all blockers are, Pass which flag passes over one; "" for what preflight found, and --skip.
	About, Pass string
}

func (r *Refusal) Error() string {
	var lines []string
	for _, b := range r.Blockers {
		lines = append(lines, b.Check+": "+b.What)
	}
	return cmp.Or(r.About, "refused by preflight") + ": " + strings.Join(lines, "; ")
}

// Fix is what to do about a blocker, or else how to pass over it.
func (r *Refusal) Fix(b Finding) string {
	if strings.Contains(b.Fix, cmp.Or(r.Pass, "--skip")+" "+b.Check) {
		return b.Fix
	}
	return fmt.Sprintf("%s (or %s %s)", b.Fix, cmp.Or(r.Pass, "--skip"), b.Check)
}

// Lines are the blockers, each with its fix on a line below it.
func (r *Refusal) Lines() []string {
	var out []string
	for _, b := range r.Blockers {
		out = append(out, fmt.Sprintf("%s: %s\n    fix: %s", b.Check, b.What, r.Fix(b)))
	}
	return out
}

// Came says in a few words what came of it.
func (r *Refusal) Came() string {
	about := ""
	if r.About != "" {
		about = r.About + ": "
	}
	became := "nothing was changed"
	if r.Written {
		became = "nothing was switched"
	}
	return fmt.Sprintf("%s%s, %s", about, term.Count(len(r.Blockers), "blocker"), became)
}

// Fault is the refusal with its exit code and, for readers of JSON, a hint for each blocker; nil if there is none.
func (r *Refusal) Fault() error {
	if len(r.Blockers) == 0 {
		return nil
	}
	code := fault.NotFound
	for _, b := range r.Blockers {
		if !b.Missing {
			code = fault.Preflight
		}
	}
	e := fault.New(code, "%w", r)
	for _, b := range r.Blockers {
		e.Hint("%s: %s", b.Check, r.Fix(b))
	}
	return e
}

// visit is the work of one check: the machine that runs, the configuration to come, and what was found.
type visit struct {
	*Machine
	to    Target
	found []Finding
}

// find notes a finding and what to do about it, and returns it to be completed.
func (v *visit) find(s Severity, fix, format string, args ...any) *Finding {
	v.found = append(v.found, Finding{Severity: s, What: fmt.Sprintf(format, args...), Fix: fix})
	return &v.found[len(v.found)-1]
}

// blocker notes what refuses the run.
func (v *visit) blocker(fix, format string, args ...any) { v.find(Blocker, fix, format, args...) }

// warning notes what does not.
func (v *visit) warning(fix, format string, args ...any) { v.find(Warning, fix, format, args...) }

// Report is what all checks found.
type Report struct {
	Ran      []string  `json:"ran"`
	Skipped  []string  `json:"skipped,omitempty"`
	Findings []Finding `json:"findings"`
}

// Blockers returns the findings that refuse the run.
func (r Report) Blockers() []Finding {
	var out []Finding
	for _, f := range r.Findings {
		if f.Severity == Blocker && !f.Skipped {
			out = append(out, f)
		}
	}
	return out
}

// Refusal is what the blockers make; it may have none.
func (r Report) Refusal() *Refusal { return &Refusal{Blockers: r.Blockers()} }

// Check is one named check: a literal in the file of what it is about, and a word in checks.
type Check struct {
	Name string // for --skip
	Doc  string // what it reads or makes sure of, one line for the documentation
	// network says that it needs the network, which a dry run does not use.
	network bool
	// building says that it matters only where something is still to be built.
	building bool
	// acting says that it matters only where something is activated.
	acting bool
	find   func(ctx context.Context, v *visit)
}

// checks are all checks, in the order in which they are reported and documented.
var checks = []Check{
	nixos, root, machine, platform, profile, flake, paths, nixSpace, bootSpace, memory, network,
	release, nixpkgs, stateVersion, services, keys, boot, accounts, ssh, secrets, homePackages, homeFiles,
}

// applies reports whether a run of the options is about the check.
func (c Check) applies(o Options) bool {
	return !(c.network && o.Offline) && !(c.building && o.Built) && (!c.acting || o.Acting) &&
		(len(o.Only) == 0 || slices.Contains(o.Only, c.Name))
}

// Options choose what is checked.
type Options struct {
	Skip    []string // names of checks whose findings do not refuse
	Offline bool     // leave out what needs the network
	Built   bool     // leave out what only building needs: it is done
	Acting  bool     // the run will activate, not only build
	Only    []string // names of the only checks to run; empty: all
}

// Run runs all checks that apply. The error names a Skip that is no check.
func Run(ctx context.Context, m *Machine, t Target, o Options) (Report, error) {
	for _, s := range o.Skip {
		if !slices.Contains(Names(), s) {
			return Report{}, fmt.Errorf("unknown preflight check %q: one of %s", s, strings.Join(Names(), ", "))
		}
	}
	once := *m
	once.Retry = nil
	refused := false
	found := make([][]Finding, len(checks))
	// The machine comes before the network: where it refuses the run, nobody waits until the network answers.
	for _, waits := range []bool{false, true} {
		for i, c := range checks {
			if c.network != waits || !c.applies(o) {
				continue
			}
			v := visit{Machine: m, to: t}
			skip := slices.Contains(o.Skip, c.Name)
			if skip || refused {
				v.Machine = &once // nor for a check that refuses nothing
			}
			c.find(ctx, &v)
			for _, f := range v.found {
				f.Check, f.Skipped = c.Name, skip
				found[i] = append(found[i], f)
				refused = refused || f.Severity == Blocker && !skip
			}
		}
	}
	var r Report
	for i, c := range checks {
		if !c.applies(o) {
			continue
		}
		r.Ran = append(r.Ran, c.Name)
		if slices.Contains(o.Skip, c.Name) {
			r.Skipped = append(r.Skipped, c.Name)
		}
		r.Findings = append(r.Findings, found[i]...)
	}
	return r, nil
}

// List returns all checks, in the order they run.
func List() []Check { return checks }

// Names returns the names of all checks, in the order they run.
func Names() []string {
	var out []string
	for _, c := range checks {
		out = append(out, c.Name)
	}
	return out
}
