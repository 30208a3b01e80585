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
	"github.com/quick-deploy/quick-deploy/generator/access"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Target is what the checks need to know of the configuration to come. Unknown
// values stay zero, and the checks that need them then find nothing.
type Target struct {
	Host   string // networking.hostName
	System string // x86_64-linux, aarch64-linux
	// Remote says that the host is reached from here, BuildOnTarget that its system is built there.
	Remote, BuildOnTarget bool
	Release               string // "26.05", "unstable"
	StateVersion          string // system.stateVersion
	Nixpkgs               Nixpkgs
	Access                access.Host // who gets in, and how
	Activates             bool        // it is activated now, not only at the next boot
	RootFS                FS          // fileSystems."/"
	// Unbootable is why the machine would not boot with the configuration, by
	// what was decided about its hardware; empty where it is not to be booted.
	Unbootable []string
	BootLoader string // systemd-boot, grub, none, "" unknown
	BootMount  string // where the boot loader keeps kernels: /boot, /boot/efi
	// LoaderMounts are the mount points that the boot loader is installed to: the
	// EFI system partition, and what is beside it.
	LoaderMounts []string
	Services     []Stateful
	Secrets      []Secret
	Paths        []string // every file that the generator writes, relative to the flake
	HomeFiles    []HomeFile
	Homes        []Home
	Caches       []string // URLs of the binary caches, https://cache.nixos.org first
	NeedsBytes   int64    // free space wanted in the store, bytes; 0: DefaultSpace
	// MachineID is the identity of the machine that this host was last deployed on, as
	// Machine.ID; "" before the first time.
	MachineID string
	Firmware  string // "uefi", "bios", "" unknown
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

// FS is a file system of the target.
type FS struct {
	Device string // /dev/disk/by-uuid/…, tmpfs
	Type   string // ext4, btrfs, …
}

// Stateful is a service whose data belongs to one version of it, or to one key.
type Stateful struct {
	Name       string // of the unit and of the package: postgresql
	Version    string // "16"
	Encryption *schema.Encryption
	Key        string // what its configuration will say about the key; "" unknown
}

// Secret is a file that must be there before the services that read it start.
type Secret struct {
	Name string
	Path string // absolute, on the target
	For  string // the service that needs it, "" unknown
	Made bool   // sops-nix or agenix makes it during activation
}

// HomeFile is a file that home-manager will link into a home.
type HomeFile struct {
	User string
	Path string // absolute
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
