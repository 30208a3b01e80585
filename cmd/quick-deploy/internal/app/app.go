// Package app is what commands share: it reads the profile, generates the flake, compares it with
// the one on disk, and runs. It joins the rooms beside it. The commands that run, as switch and
// fleet deploy do, are functions here that get an App and the command's own options.
package app

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/console"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/source"
)

// Options are the global flags. They are not changed once they are complete.
type Options struct {
	Profile string
	Flake   string
	Host    string
	On      []string
	Root    string
	DryRun  bool
	// Retries is how often what the network broke is tried again.
	Retries int
	Limits  Limits
	NoProbe bool
	// ExtendsFrom are folders that a profile may extend files of, beside its own.
	ExtendsFrom []string
	// AllowRoot permits running as root, for installer images.
	AllowRoot bool
}

// Limits are how long things may take. Zero is the default, which docs/tuning.md lists.
type Limits struct {
	Build, Activation, Network, Lock time.Duration
}

// Complete fills in the folders that were not named, and makes all absolute.
func (o *Options) Complete() (err error) {
	if o.Flake == "" {
		o.Flake = filepath.Join(ConfigHome(), "nixos")
	}
	for _, dir := range []*string{&o.Flake, &o.Root} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return err
		}
	}
	return nil
}

// App is what every command works with.
type App struct {
	*console.Terminal
	Options
	Version string
	// Sleep waits for the network to come back; tests do not.
	Sleep func(ctx context.Context, d time.Duration) error
	// Acting says that a run is at work on the machine.
	Acting *atomic.Bool
	// AgeTold says that the age of nixpkgs has been told.
	AgeTold *atomic.Bool
	// Seen are the files that were read, for the lines in messages.
	Seen *source.Seen
	// LogFile is the command's log; nil where it has none, or LogErr says why it could not be opened.
	LogFile *logfile.File
	LogErr  error

	// Another carries out another command line on the same terminal.
	Another func(ctx context.Context, args ...string) error

	mu      sync.Mutex
	read    *Loaded
	readErr error
	// asked is what was read for, see LoadSome: nil before anything was.
	asked []string
}

// With is an App for the same terminal, with other options.
func (a *App) With(o Options) *App {
	return &App{
		Terminal: a.Terminal, Options: o, Version: a.Version, Sleep: a.Sleep, Acting: a.Acting, AgeTold: a.AgeTold,
		Seen: a.Seen, LogFile: a.LogFile, LogErr: a.LogErr, Another: a.Another,
	}
}

// ForHost is an App for one host of the same profile.
func (a *App) ForHost(name string) *App {
	o := a.Options
	o.Host = name
	b := a.With(o)
	b.read, b.readErr = a.LoadSome(name)
	b.asked = a.asked
	return b
}

// Runner starts commands as the user.
func (a *App) Runner() run.Runner { return &run.Exec{Environ: os.Environ(), Log: a.Log} }

// Retry is how what the network broke is repeated.
func (a *App) Retry() retry.Policy {
	return retry.Policy{Attempts: a.Retries + 1, Jitter: rand.Float64, Sleep: a.Sleep, Notify: a.retrying}
}

// Retrying repeats the commands of a Runner that the network broke, and tells of each wait.
func (a *App) Retrying(r run.Runner) run.Runner {
	return retry.Runner{Runner: r, Policy: a.Retry()}
}

// retrying tells of a wait for the network.
func (a *App) retrying(n retry.Notice) {
	a.Log.Warn(n.String())
	a.Tell("%s", n)
}

func (a *App) nix() engine.Nix { return engine.Nix{Runner: a.Retrying(a.Runner())} }

// ConfigHome is $XDG_CONFIG_HOME, by the XDG base directory specification.
func ConfigHome() string { return xdg("XDG_CONFIG_HOME", ".config") }

// StateHome is $XDG_STATE_HOME, by the XDG base directory specification.
func StateHome() string { return xdg("XDG_STATE_HOME", ".local/state") }

// CacheHome is $XDG_CACHE_HOME, by the XDG base directory specification.
func CacheHome() string { return xdg("XDG_CACHE_HOME", ".cache") }

func xdg(variable, below string) string {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(os.Getenv("HOME"), below)
}

// StateDir is where all lies that the program keeps between runs.
func StateDir() string { return filepath.Join(StateHome(), "quick-deploy") }

// Backups are all of the user's; the folder is made with the first of them.
func Backups() *backup.Store {
	return &backup.Store{Dir: filepath.Join(StateDir(), "backups"), Now: time.Now}
}

// exists tells whether there is a file that can be seen.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
