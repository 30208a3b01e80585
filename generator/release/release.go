// Package release says what differs between the releases of NixOS. A new one takes pins (package flake), an entry in
// the schema's list, and what has changed in releases.json; CONTRIBUTING.md has the steps. The modules of the catalogue
// ask NixOS itself.
package release

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// releasesJSON is a table. Sources of "moved": the option lists of NixOS 25.11 and of nixpkgs-unstable at 26.05, the
// modules' mkRenamedOptionModule and mkRemovedOptionModule (26.11: at 4aa6836a648c), and home-manager's release-26.05
// modules. The longest names come first among those with one beginning.
//
// Of "nvidia", newest driver first: nixpkgs pkgs/os-specific/linux/nvidia-x11/default.nix, July 2026 (26.05 and
// unstable: production 595.84, legacy_580 580.173.02, legacy_470 470.256.02 patched up to Linux 7.0, legacy_390 broken
// from Linux 6.18 on, legacy_340 from 6.7 on; the default kernel is 6.18) and 25.11 (production 580); NVIDIA's READMEs
// name the architectures: 590 dropped Maxwell, Pascal and Volta, 495 Kepler, 396 Fermi, 343 Tesla.
//
//go:embed releases.json
var releasesJSON []byte

type table struct {
	Default string
	// Since is the first release with an option or a package that older ones lack.
	Since map[string]string
	// Nvidia has the releases whose drivers are other than those of the release before.
	Nvidia map[string][]Driver
	Moved  []Move
}

// read panics on a table that no test has seen: it is built in.
var read = sync.OnceValue(func() (t table) {
	if err := json.Unmarshal(releasesJSON, &t); err != nil {
		panic(fmt.Sprintf("releases.json: %v", err))
	}
	return t
})

// Default is the release of a profile that names none.
func Default() string { return read().Default }

// AtLeast reports whether a release is since or a later one, as unstable always is.
func AtLeast(release, since string) bool { return release == "unstable" || release >= since }

// Has reports whether a release has an option or a package (pkgs.NAME) that is in the table.
func Has(release, name string) bool { return AtLeast(release, read().Since[name]) }

// Driver is a branch of NVIDIA's driver that nixpkgs ships.
type Driver struct {
	Name           string // the attribute of linuxPackages.nvidiaPackages
	Version        int
	Oldest, Newest string // the architectures that it drives
	// Broken says why nixpkgs refuses to build it for the release's own kernel.
	Broken string
	// Old says why one should not rely on it for long.
	Old string
}

// Drivers are the branches of a release, newest first.
func Drivers(release string) []Driver {
	newest := ""
	for since := range read().Nvidia {
		if AtLeast(release, since) && since > newest {
			newest = since
		}
	}
	return read().Nvidia[newest]
}

// Move is an option that a release no longer has under its name.
type Move struct {
	Option string // the option, or what it begins with
	Home   bool   // of home-manager
	Since  string // first release without it
	Use    string // what took its place, "" for nothing
	Why    string
}

// Moved tells whether a release has moved or removed the option at path.
func Moved(release string, home bool, path []string) (Move, bool) {
	list := read().Moved
	i := slices.IndexFunc(list, func(m Move) bool {
		return m.Home == home && begins(path, m.Option) && AtLeast(release, m.Since)
	})
	if i < 0 {
		return Move{}, false
	}
	return list[i], true
}

// begins reports whether the option at path is the one called name, or inside of it.
func begins(path []string, name string) bool {
	for _, part := range path {
		rest, ok := strings.CutPrefix(name, part)
		if !ok || rest == "" {
			return ok
		}
		if name, ok = strings.CutPrefix(rest, "."); !ok {
			return false
		}
	}
	return false
}

// Rename is the name that the option at path has in a release.
func Rename(release string, home bool, path []string) []string {
	m, moved := Moved(release, home, path)
	if !moved || m.Use == "" {
		return path
	}
	return append(strings.Split(m.Use, "."), path[strings.Count(m.Option, ".")+1:]...)
}

// Hint says what to write instead of the option at path.
func (m Move) Hint(path []string) string {
	if m.Use == "" {
		return m.Why
	}
	rest := strings.TrimPrefix(strings.Join(path, "."), m.Option)
	return "use " + m.Use + rest
}
