package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
)

// Verb is what to do with the built system, in nixos-rebuild's words.
type Verb string

// The verbs.
const (
	Build  Verb = "build"  // build system and homes, switch nothing
	Test   Verb = "test"   // build, run the new system, leave the boot default
	Boot   Verb = "boot"   // build, make it the boot default, leave the running system
	Switch Verb = "switch" // build, run it, check it, make it the boot default
)

// Verbs lists all verbs.
func Verbs() []Verb { return []Verb{Build, Test, Boot, Switch} }

func (v Verb) activates() bool { return v == Test || v == Switch || v == Rollback }
func (v Verb) boots() bool     { return v == Boot || v == Switch || v == Rollback }
func (v Verb) touches() bool   { return v != Build }

// User is a user with a home-manager configuration.
type User struct {
	Name string `json:"name"`
	Home string `json:"home"` // home directory
}

// Change is one file that generating would change.
type Change struct {
	Path   string `json:"path"` // relative to the flake directory
	Action string `json:"action"`
}

// Actions of a Change that mean something here; any other is only shown.
const (
	Create   = "create"
	Update   = "update"
	Delete   = "delete"
	Conflict = "conflict" // a hand edit is in the way: refuses the run
)

func (c Change) pending() bool {
	return c.Action == Create || c.Action == Update || c.Action == Delete || c.Action == Conflict
}

// Tree is the generated flake, as the package that writes it sees it.
type Tree interface {
	// Changes says what Apply would do; none means the files are as generated.
	Changes(ctx context.Context) ([]Change, error)
	// Hash identifies the files that Apply writes.
	Hash() string
	// Apply writes them. It is idempotent: after a crash it is called again.
	Apply(ctx context.Context) error
}

// Goal is what a run is to reach, and how.
type Goal struct {
	Verb     Verb   `json:"verb"`
	Host     string `json:"host"`
	FlakeDir string `json:"flake"` // absolute
	Users    []User `json:"users,omitempty"`
	Profile  string `json:"profile_hash,omitempty"`
	// ProfilePath is the profile's absolute path, or what else the caller calls it.
	ProfilePath string `json:"profile,omitempty"`

	Tree   Tree             `json:"-"` // nil: the flake is taken as it lies there
	Target preflight.Target `json:"-"`
	Checks []health.Check   `json:"-"`

	Yes              bool     `json:"yes,omitempty"`
	SkipHealth       bool     `json:"skip_health_check,omitempty"`
	SkipChecks       []string `json:"skip,omitempty"`
	KeepOnFailure    bool     `json:"keep_on_failure,omitempty"` // no --rollback-on-failure
	RetryBad         bool     `json:"retry_bad,omitempty"`
	LiveDisplay      bool     `json:"live_display,omitempty"` // switch a display manager from inside its own session
	IgnoreInhibitors bool     `json:"ignore_inhibitors,omitempty"`
	Accept           []string `json:"accept,omitempty"`      // names of losses that are let go
	UpdateLock       bool     `json:"update_lock,omitempty"` // let Nix complete flake.lock
	Offline          bool     `json:"offline,omitempty"`
	Force            bool     `json:"force,omitempty"`    // do it all even if nothing changed
	NixArgs          []string `json:"nix_args,omitempty"` // what stood after "--"
	SkipHome         bool     `json:"skip_home,omitempty"`
	DryRun           bool     `json:"dry_run,omitempty"`
}

// check refuses a goal that could not be carried out literally.
func (g Goal) check() error {
	if !slices.Contains(Verbs(), g.Verb) {
		return fault.New(fault.Usage, "no such verb: %q", g.Verb)
	}
	if !strings.HasPrefix(g.FlakeDir, "/") {
		return fault.New(fault.Usage, "the flake directory must be absolute: %q", g.FlakeDir)
	}
	// These end or change a flake reference (nix flake reference syntax); nixos-rebuild refuses a quote in the name.
	if i := strings.IndexAny(g.FlakeDir, "#?%\n"); i >= 0 {
		return fault.New(fault.Usage, "the flake directory %q has a %q in its name, which a flake reference cannot hold", g.FlakeDir, g.FlakeDir[i])
	}
	if g.Host == "" || strings.ContainsAny(g.Host, "#\"\\ \n/") {
		return fault.New(fault.Usage, "host name %q cannot be a flake output", g.Host)
	}
	for _, u := range g.Users {
		if u.Name == "" || strings.ContainsAny(u.Name, "#\"\\ \n/@") || strings.HasPrefix(u.Name, "-") {
			return fault.New(fault.Usage, "user name %q cannot be a flake output", u.Name)
		}
	}
	return nil
}

func (g Goal) systemRef() string { return g.FlakeDir + "#" + g.Host }

func (g Goal) homeRef(u User) string {
	return fmt.Sprintf(`%s#homeConfigurations."%s@%s".activationPackage`, g.FlakeDir, u.Name, g.Host)
}
