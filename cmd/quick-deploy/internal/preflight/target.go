package preflight

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// Target is the configuration to come: the generated host, the facts that it was generated from, and what the run
// knows. Unknown values stay zero, and the checks that need them then find nothing.
type Target struct {
	generator.Host
	Facts     hardware.Facts
	Versions  map[string]string // of the services whose data belongs to one, such as "16", by name
	Remote    bool              // the host is reached from here
	Nixpkgs   Nixpkgs
	Activates bool // it is activated now, not only at the next boot
	// Boots says that the machine is to boot with it, by what was decided about its hardware.
	Boots      bool
	Paths      []string // every file that the generator writes, relative to the flake
	HomeFiles  []string // files that home-manager will link into homes, absolute
	Homes      []Home
	Caches     []string // URLs of the binary caches, https://cache.nixos.org first
	NeedsBytes int64    // free space that a flag wants in the store, bytes; 0: the profile or DefaultSpace says
	// MachineID is the identity of the machine that this host was last deployed on, as
	// Machine.ID; "" before the first time.
	MachineID string
	// Profile is what this run takes its configuration from, and Profiles are those of
	// the runs before it, newest first.
	Profile  Profile
	Profiles []Profile
	// Deployed is the stateVersion of the last deployment, "" before the first.
	Deployed string
}

// Nixpkgs is the revision of nixpkgs that the configuration is built from.
type Nixpkgs struct {
	Rev  string
	Date time.Time // of the commit; zero: not known
	// BuiltIn says that nobody chose it: it is the one that the program brings.
	BuiltIn bool
	Origin  string // where it stands, such as "flake.lock"
	Fix     string // how to come to a newer one
}

// Home is what home-manager will install for a user.
type Home struct {
	User, Dir string
	// Packages are known by their names; Path is the store path of them all, once it is built.
	Packages []string
	Path     string
}

// Machine is the running machine as the checks see it.
type Machine struct {
	Runner    run.Runner
	Root      string // "/" or a fixture; every absolute path is read below it
	ID        string // identity of this machine, in any form; "" is not compared
	UID       int
	User      string // who runs the program
	AllowRoot bool
	Elevation string                   // the command by which the run becomes root: sudo, run0, doas; "" none
	Arch      string                   // of the machine in Nix' words: x86_64, aarch64; "" is not compared
	Environ   func(name string) string // the environment
	Client    *http.Client             // nil: the network is not looked at
	// Timeout is how long a cache may take to answer; 0 means 10 s.
	Timeout time.Duration
	// Retry repeats an attempt that the network broke; nil: there is only one.
	Retry     func(ctx context.Context, attempt func(n int) *retry.Failure) error
	FreeBytes func(path string) (int64, error)
	FlakeDir  string
	// NewSystem is the store path of the built system, once it is built: what the boot partition
	// needs is then known.
	NewSystem string
}

// system returns the machine as package system reads it.
func (m *Machine) system() system.Machine { return system.Of(os.DirFS(m.path("/"))) }

func (m *Machine) path(p string) string { return filepath.Join("/", m.Root, p) }

// has reports whether a program is in PATH.
func (m *Machine) has(name string) bool {
	_, err := m.Runner.LookPath(name)
	return err == nil
}
