// Package deploy brings a machine to what a generated flake describes, and back.
//
// It is thin. Nix evaluates and builds, through nixos-rebuild and nix. What activates is chosen by what
// the machine has: nixos-rebuild with --store-path or the built system's own switch-to-configuration, the
// home's home-manager or its activate. None of them evaluates anything else than what was shown and
// confirmed, and the boot default moves last.
//
// A run is a list of steps, which stand in pipeline.go; each has its part of the plan beside what it does, in the
// step_*.go files. run.go goes through them: each step has an input hash, and the state is written before and after
// it, so that a run that ended at any point is taken up where it stopped (resume.go). What needs root is
// one script, unit.sh, that goes on by itself: unit_start.go starts it, unit.go talks with it,
// unit_back.go has it go back. A rollback is the same list of steps with a point to go to (rollback.go),
// another machine the same list with a runner that leads there (Remote), a virtual machine or an image the same list
// with another build (extend.go).
package deploy

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// Config is everything a Deployer needs from its surroundings. All of it can
// be replaced by a test.
type Config struct {
	StateDir string
	Paths    system.Paths
	Runner   run.Runner // with elevation, see package elevate
	Remote   *Remote    // nil: the machine is this one
	Writer   atomic.Writer
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: discarded
	// LogPath is the log file of this process, LogOffset its size now, bytes.
	LogPath   string
	LogOffset func() int64
	// Events gets everything that happens, for the terminal or as JSON; nil: nobody.
	Events func(journal.Event)
	// Output gets each line of a command's output, raw; nil: nobody.
	Output func(step string, s run.Stream, line string)
	// Confirm asks a question whose default answer is no. nil: there is nobody
	// to ask, and a run without Goal.Yes is refused.
	Confirm func(ctx context.Context, q Question) (bool, error)
	// Explain puts an error of Nix into words of the profile, before it is recorded; nil: it stays as it is.
	Explain func(error) error
	// Hook is called with "before:<step>", "after:<step>" and at the other
	// boundaries of a run; tests end the process there.
	Hook func(point string) error

	User      string // who runs the program
	HomeDir   string // of User
	StateHome string // XDG_STATE_HOME of User, absolute
	HostName  string // of this machine
	PID       int
	Tool      string // version of the program
	Machine   *preflight.Machine
	Health    *health.Checker
	Retry     retry.Policy
	Retention journal.Retention // zero: the newest 20 and what is younger than 30 days
	Backups   journal.Retention // likewise for backups
	// Graphical says whether the program was started from inside a graphical session of this machine.
	Graphical bool
	Path      string // PATH: where root's half finds what the system has not
	// Login is who the machine knows the caller as: a name or a number; "" is this process's.
	Login string
	// ConfirmTimeout is how long the unit that switches waits for a word from here until it goes
	// back; 0 means a minute. It looks each Tick, and is looked at each Poll; 0: 200 and 150 ms.
	ConfirmTimeout, Tick, Poll time.Duration
	// Timeouts of the steps, zero: none for builds, 15 min for an activation.
	BuildTimeout, ActivateTimeout time.Duration
	// LockTimeout is how long another run is waited for.
	LockTimeout time.Duration
}

// Remote is another machine than this one. Config.Runner leads there, and runs commands with Here on this one.
type Remote struct {
	System string // what it is to run, as it was evaluated
	// Fingerprint changes with everything that the system and the homes are built from.
	Fingerprint string
	// Build is the command that builds the system and has it on the machine when it ends.
	Build func() run.Command
	// Call runs Build where one call is for several machines: its error may be about another one, and what is
	// on the machine tells. nil: it is run for this one.
	Call func(context.Context) error
	// HandOver is what Build is called where it also activates and sets the boot default, and the homes; "": it does not.
	HandOver string
	// Copy brings a closure that was built here to the machine.
	Copy func(path string) run.Command
	// Roots is the folder for garbage-collector roots on the machine.
	Roots string
}

// Question is asked before something is switched.
type Question struct {
	Text    string   // one line
	Details []string // what changes
}

// Deployer acts on one machine.
type Deployer struct {
	cfg   Config
	store *journal.Store
}

// New fills the defaults in.
func New(cfg Config) *Deployer {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.LogOffset == nil {
		cfg.LogOffset = func() int64 { return 0 }
	}
	const month = 30 * 24 * time.Hour
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	cfg.Paths = cmp.Or(cfg.Paths, system.PathsUnder("/"))
	cfg.Retry.Attempts = cmp.Or(cfg.Retry.Attempts, retry.Default().Attempts)
	cfg.Retention = cmp.Or(cfg.Retention, journal.Retention{Count: 20, Age: month})
	cfg.Backups = cmp.Or(cfg.Backups, journal.Retention{Count: 10, Age: month})
	cfg.ActivateTimeout = cmp.Or(cfg.ActivateTimeout, 15*time.Minute)
	cfg.ConfirmTimeout = cmp.Or(cfg.ConfirmTimeout, time.Minute)
	cfg.Tick, cfg.Poll = cmp.Or(cfg.Tick, 200*time.Millisecond), cmp.Or(cfg.Poll, 150*time.Millisecond)
	cfg.Login = cmp.Or(cfg.Login, strconv.Itoa(os.Getuid()))
	cfg.StateHome = cmp.Or(cfg.StateHome, filepath.Join(cfg.HomeDir, ".local/state"))
	cfg.PID = cmp.Or(cfg.PID, os.Getpid())
	d := &Deployer{cfg: cfg}
	d.store = &journal.Store{Dir: cfg.StateDir, Writer: cfg.Writer, Now: cfg.Now, Warn: d.warn, Wait: cfg.LockTimeout}
	return d
}

// Store is the state directory, for commands that only read.
func (d *Deployer) Store() *journal.Store { return d.store }

func (d *Deployer) warn(format string, args ...any) {
	d.event(journal.Event{Type: "warning", Message: fmt.Sprintf(format, args...)})
	logfile.At(d.cfg.Log, slog.LevelWarn, 1, fmt.Sprintf(format, args...))
}

func (d *Deployer) event(e journal.Event) {
	if d.cfg.Events == nil {
		return
	}
	e.SchemaVersion = journal.EventSchema
	if e.Time.IsZero() {
		e.Time = d.cfg.Now()
	}
	d.cfg.Events(e)
}

func (d *Deployer) hook(point string) error {
	if d.cfg.Hook == nil {
		return nil
	}
	return d.cfg.Hook(point)
}
