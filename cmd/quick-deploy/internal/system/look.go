package system

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Paths are the places on a machine that a deployment reads and changes.
type Paths struct {
	Current    string // link to the running system
	Booted     string // link to the system that was booted
	System     string // the system profile
	PerUser    string // the folder of the old per-user profiles
	MachineID  string // machine-id(5)
	BootID     string // a random id of this boot (random(4))
	Run        string // where the units of runs keep what they know; root's
	SwitchLock string // the lock of switch-to-configuration
	Bin        string // programs that root's half prefers to the system's own; "" for none
	Systemd    string // is there where systemd is the init system (sd_booted(3))
}

// PathsUnder returns those of a NixOS machine whose root is at root, "/" for this one.
func PathsUnder(root string) Paths {
	at := func(p string) string { return filepath.Join("/", root, p) }
	return Paths{
		Current:    at("run/current-system"),
		Booted:     at("run/booted-system"),
		System:     at("nix/var/nix/profiles/system"),
		PerUser:    at("nix/var/nix/profiles/per-user"),
		MachineID:  at("etc/machine-id"),
		BootID:     at("proc/sys/kernel/random/boot_id"),
		Run:        at("run/quick-deploy"),
		SwitchLock: at("run/nixos/switch-to-configuration.lock"),
		Systemd:    at("run/systemd/system"),
	}
}

// Generation is one generation of a Nix profile.
type Generation struct {
	Profile string `json:"profile"`        // absolute path of the profile link
	Number  int    `json:"number"`         // 0: it has no number (a machine under test, or a first install)
	Path    string `json:"path"`           // store path it points to, "" if there is none
	Root    string `json:"root,omitempty"` // our own garbage-collector root of it
}

// Generations are what a machine runs, boots and has activated.
type Generations struct {
	Current, Booted string // store paths, "" where there is none
	System          Generation
	Homes           map[string]Generation // by user, without those that may not be read
	Profiles        map[string]string     // of all users' home-manager
}

// User is a user whose home-manager generation is looked at.
type User struct {
	Name  string
	State string // the state folder, XDG_STATE_HOME
}

// Script is look.sh, for scripts that need its functions.
//
//go:embed look.sh
var Script string

// lookTimeout is how long a machine may take to tell what it runs.
const lookTimeout = time.Minute

// Look asks a machine what it runs, through a runner: this machine or, by ssh, another one.
// A profile that leads to nothing is an error that wraps fs.ErrNotExist.
func Look(ctx context.Context, r run.Runner, p Paths, users []User) (Generations, error) {
	res, err := r.Run(ctx, run.Command{
		Name: "/bin/sh", Args: []string{"-c", Script + "plan=$1\nlook\n", "sh", p.Plan(users)},
		Timeout: lookTimeout, Network: true,
	})
	if err != nil {
		return Generations{}, fmt.Errorf("read what the machine runs: %w", err)
	}
	return parseLook(res.Stdout, p.System)
}

// HomeOf returns the home directory that a home-manager profile is in, where its state folder is in
// the default place.
func HomeOf(profile string) (home string, ok bool) {
	return strings.CutSuffix(profile, "/.local/state/nix/profiles/home-manager")
}

// LookHome asks where the home-manager generation of one user is, "" where there is none, and
// whether that may be known.
func LookHome(ctx context.Context, r run.Runner, p Paths, u User) (path string, known bool, err error) {
	g, err := Look(ctx, r, Paths{PerUser: p.PerUser}, []User{u})
	if errors.Is(err, fs.ErrNotExist) {
		return "", true, nil
	}
	home, known := g.Homes[u.Name]
	return home.Path, known, err
}

// Plan returns the lines that tell look.sh where to look.
func (p Paths) Plan(users []User) string {
	var b strings.Builder
	fmt.Fprintf(&b, "current %s\nbooted %s\nprofile %s\nper-user %s\n", p.Current, p.Booted, p.System, p.PerUser)
	for _, u := range users {
		fmt.Fprintf(&b, "user %s %s\n", u.Name, u.State)
	}
	return b.String()
}

func parseLook(text, profile string) (Generations, error) {
	g := Generations{Homes: map[string]Generation{}, Profiles: map[string]string{}}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		var err error
		switch key {
		case "current":
			g.Current = leadsTo(value)
		case "booted":
			g.Booted = leadsTo(value)
		case "default":
			number, path, _ := strings.Cut(value, " ")
			g.System, err = generation(profile, number, path)
		case "home":
			f := strings.SplitN(value, " ", 4)
			if len(f) != 4 {
				return g, fmt.Errorf("read what the machine runs: it said %q", line)
			}
			g.Profiles[f[0]] = f[3]
			if f[1] == "?" {
				continue
			}
			g.Homes[f[0]], err = generation(f[3], f[1], f[2])
		}
		if err != nil {
			return g, err
		}
	}
	return g, nil
}

// leadsTo is "" for a link that is not there or leads to nothing.
func leadsTo(s string) string {
	if s == "-" || strings.HasPrefix(s, "!") {
		return ""
	}
	return s
}

func generation(profile, number, path string) (Generation, error) {
	g := Generation{Profile: profile, Path: leadsTo(path)}
	if to, gone := strings.CutPrefix(path, "!"); gone {
		return g, fmt.Errorf("profile %s leads to %s: %w", profile, to, fs.ErrNotExist)
	}
	n, err := strconv.Atoi(number)
	if err != nil {
		return g, fmt.Errorf("profile %s has the generation %q: %w", profile, number, err)
	}
	g.Number = n
	return g, nil
}
