package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
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
	// Rollback is a switch to what was recorded at a point: nothing is generated or built.
	Rollback Verb = "rollback"
	VM       Verb = "vm"    // build the host as a virtual machine
	Image    Verb = "image" // build the host as an image
)

// touches says whether a run may change the machine.
func (v Verb) touches() bool { return v == Test || v == Boot || v == Switch || v == Rollback }

// User is a user with a home-manager configuration.
type User struct {
	Name string `json:"name"`
	Home string `json:"home"` // home directory
}

// HomeOf is the home directory of a user as NixOS sets it by default.
func HomeOf(user string) string {
	if user == "root" {
		return "/root"
	}
	return "/home/" + user
}

// Change is one file that generating would change.
type Change struct {
	Path   string `json:"path"` // relative to the flake directory
	Action string `json:"action"`
}

// Actions of a Change that mean something here; any other is only shown.
const (
	Create = "create"
	Update = "update"
	Delete = "delete"
	Keep   = "keep" // it differs and is the user's: it stays
)

func (c Change) pending() bool {
	return c.Action == Create || c.Action == Update || c.Action == Delete
}

// Tree is the generated flake, as the package that writes it sees it.
type Tree interface {
	// Changes says what Apply would do; none means the files are as generated.
	Changes(ctx context.Context) ([]Change, error)
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

	// To is the point that a rollback goes back to, nil for every other verb.
	To *journal.Point `json:"to,omitempty"`

	// Extend is what is made of the host instead of its system, nil for its system.
	Extend *Extension `json:"extend,omitempty"`

	Tree   Tree             `json:"-"` // nil: the flake is taken as it lies there
	Target preflight.Target `json:"-"`
	Checks []health.Check   `json:"-"`
	// Owned lists the files below a flake directory that the tool wrote and nobody has changed since, as
	// relative paths. Of the files of a point only those, flake.lock and the tool's own manifest are
	// replaced or removed; nil: only the latter two.
	Owned func(dir string) ([]string, error) `json:"-"`

	Yes bool `json:"yes,omitempty"`
	Flags
	SkipSystem bool `json:"skip_system,omitempty"` // of a rollback: leave the system as it is
	SkipFiles  bool `json:"skip_files,omitempty"`  // of a rollback: leave the flake's files as they are
}

// Flags are what a command may say about its run, as resume has them again.
type Flags struct {
	SkipHealth       bool          `json:"skip_health_check,omitempty"`
	HealthTimeout    time.Duration `json:"health_timeout,omitempty"` // ns; 0: that of Config.Health
	SkipChecks       []string      `json:"skip,omitempty"`
	KeepOnFailure    bool          `json:"keep_on_failure,omitempty"` // no --rollback-on-failure
	RetryBad         bool          `json:"retry_bad,omitempty"`
	LiveDisplay      bool          `json:"live_display,omitempty"` // switch a display manager from inside its own session
	IgnoreInhibitors bool          `json:"ignore_inhibitors,omitempty"`
	Accept           []string      `json:"accept,omitempty"` // names of losses that are let go
	Offline          bool          `json:"offline,omitempty"`
	Force            bool          `json:"force,omitempty"`    // do it all even if nothing changed
	NixArgs          []string      `json:"nix_args,omitempty"` // what stood after "--"
	NoGenerate       bool          `json:"no_generate,omitempty"`
	MinFree          int64         `json:"min_free,omitempty"` // bytes that the store must have free; 0: the check's own
	SkipHome         bool          `json:"skip_home,omitempty"`
}

// Add adds what more says to the flags, but for KeepOnFailure: no word about that is not a no.
func (f *Flags) Add(more Flags) {
	f.SkipHealth = f.SkipHealth || more.SkipHealth
	f.RetryBad = f.RetryBad || more.RetryBad
	f.LiveDisplay = f.LiveDisplay || more.LiveDisplay
	f.IgnoreInhibitors = f.IgnoreInhibitors || more.IgnoreInhibitors
	f.Offline = f.Offline || more.Offline
	f.Force = f.Force || more.Force
	f.NoGenerate = f.NoGenerate || more.NoGenerate
	f.SkipHome = f.SkipHome || more.SkipHome
	f.SkipChecks = append(f.SkipChecks, more.SkipChecks...)
	f.Accept = append(f.Accept, more.Accept...)
	f.HealthTimeout = cmp.Or(more.HealthTimeout, f.HealthTimeout)
	f.MinFree = cmp.Or(more.MinFree, f.MinFree)
	if len(more.NixArgs) > 0 {
		f.NixArgs = more.NixArgs
	}
}

// check refuses a goal that could not be carried out literally.
func (g Goal) check() error {
	if !slices.Contains([]Verb{Build, Test, Boot, Switch, Rollback, VM, Image}, g.Verb) {
		return fault.New(fault.Usage, "unknown verb %q", g.Verb)
	}
	if (g.Verb == Rollback) != (g.To != nil) {
		return fault.New(fault.Usage, "%s: the run does not say what to roll back to", g.Verb).
			Hint("start again with quick-deploy rollback")
	}
	if (g.Verb == VM || g.Verb == Image) != (g.Extend != nil) {
		return fault.New(fault.Usage, "%s: the run does not say what to make of the host", g.Verb)
	}
	if !strings.HasPrefix(g.FlakeDir, "/") {
		return fault.New(fault.Usage, "the flake directory must be absolute: %q", g.FlakeDir)
	}
	// These end or change a flake reference (nix flake reference syntax); nixos-rebuild refuses a quote in the name.
	if i := strings.IndexAny(g.FlakeDir, "#?%\n"); i >= 0 {
		return fault.New(fault.Usage, "the flake directory %q has a %q in its name, which a flake reference cannot hold",
			g.FlakeDir, g.FlakeDir[i])
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

// homes are the users whose homes the run builds or goes back to.
func (g Goal) homes() []User {
	if g.SkipHome {
		return nil
	}
	return g.Users
}

func (g Goal) systemRef() string { return g.FlakeDir + "#" + g.Host }

func (g Goal) homeRef(u User) string {
	return fmt.Sprintf(`%s#homeConfigurations."%s@%s".activationPackage`, g.FlakeDir, u.Name, g.Host)
}
