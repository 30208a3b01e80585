package deploy

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

//go:embed tools.sh
var toolsScript string

// Tools are the programs of one machine that a run builds and activates with. Its methods give
// their commands, without a look at the machine: word for word what a person would type.
type Tools struct {
	Rebuild string `json:"nixos_rebuild,omitempty"` // absolute path of nixos-rebuild, "" where there is none
	// StorePath says that it activates a system that is already built: nixos-rebuild since NixOS 26.05.
	StorePath bool   `json:"store_path,omitempty"`
	Nix       string `json:"nix,omitempty"` // folder of nix-env and nix-store, "" if they are looked for in PATH
	// Verbs are those of build-vm and build-image that nixos-rebuild has.
	Verbs []string `json:"verbs,omitempty"`
	// Homes are those that were asked about, by their path.
	Homes map[string]HomeTools `json:"homes,omitempty"`
}

// HomeTools is what a built home brings to activate it.
type HomeTools struct {
	Command bool `json:"command,omitempty"` // the home-manager command, which programs.home-manager.enable installs
	Version bool `json:"version,omitempty"` // gen-version: activate leaves the profile to its caller
}

// NoSystemdRun has nixos-rebuild run switch-to-configuration as its own child instead of in a
// service of its own, which would go on where ours is killed (nixpkgs PR 527342). One that does not
// know it starts nixos-rebuild-switch-to-configuration.service.
const NoSystemdRun = "NIXOS_REBUILD_NO_SYSTEMD_RUN=1"

// InstallLoader has switch-to-configuration put the boot loader onto the disk.
const InstallLoader = "NIXOS_INSTALL_BOOTLOADER=1"

// FindTools asks the machine behind r what it has. Homes are built homes, or links to them.
func FindTools(ctx context.Context, r run.Runner, homes ...string) (Tools, error) {
	args := append([]string{"-c", toolsScript, "sh"}, homes...)
	res, err := r.Run(ctx, run.Command{Name: "/bin/sh", Args: args, Timeout: quick})
	if err != nil {
		return Tools{}, fmt.Errorf("look for nixos-rebuild and nix: %w", err)
	}
	t := Tools{Homes: map[string]HomeTools{}}
	for line := range strings.Lines(res.Stdout) {
		what, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		home := t.Homes[path]
		switch what {
		case "nixos-rebuild":
			t.Rebuild = path
		case "nix-env":
			t.Nix = filepath.Dir(path)
		case "store-path":
			t.StorePath = true
		case "verb":
			t.Verbs = append(t.Verbs, path)
		case "home-manager":
			t.Homes[path] = HomeTools{true, home.Version}
		case "gen-version":
			t.Homes[path] = HomeTools{home.Command, true}
		}
	}
	return t, nil
}

// String says what activates a system, for the plan and the record.
func (t Tools) String() string {
	switch {
	case t.StorePath:
		return "nixos-rebuild --store-path"
	case t.Rebuild != "":
		return "switch-to-configuration and nix-env: this nixos-rebuild has no --store-path"
	}
	return "switch-to-configuration and nix-env: nixos-rebuild is not installed"
}

// String says what activates a home, for the plan and the record.
func (h HomeTools) String() string {
	switch {
	case h.Command:
		return "home-manager switch"
	case h.Version:
		return "activate --driver-version 1: the home has no home-manager command"
	}
	return "activate: the home is older than --driver-version"
}

// Test runs a built system and leaves the boot default. It needs root.
func (t Tools) Test(system string) []string {
	if t.StorePath {
		return []string{t.Rebuild, "test", "--store-path", system, "--no-reexec"}
	}
	return switchTo(system, "test")
}

// Boot makes a built system generation n of the system profile, or the newest one where n is 0, and
// the boot default, and leaves the running one. loader has its boot loader put onto the disk. It needs root.
func (t Tools) Boot(profile, system string, n int, loader bool) [][]string {
	boot := switchTo(system, "boot")
	if loader {
		boot = append([]string{"env", InstallLoader}, boot...)
	}
	switch {
	case n > 0:
		return [][]string{t.profile(profile, "--switch-generation", strconv.Itoa(n)), boot}
	case !t.StorePath:
		return [][]string{t.profile(profile, "--set", system), boot}
	case loader:
		return [][]string{{t.Rebuild, "boot", "--store-path", system, "--no-reexec", "--install-bootloader"}}
	}
	return [][]string{{t.Rebuild, "boot", "--store-path", system, "--no-reexec"}}
}

// HomeSwitch is a built home to activate.
type HomeSwitch struct {
	Name    string // of its output, USER@HOST
	Home    string // store path of the built home
	Profile string // the user's home-manager profile
	Suffix  string // of the files that are moved out of its way
	// Flake is the flake's copy in the store, as FlakeInStore gives it; "": not known.
	Flake string
}

// SwitchHome makes a home the newest generation of its user and activates it, as the user. The
// command is the home's own and evaluates once more, which the flake's copy keeps to the same home.
func (t Tools) SwitchHome(h HomeSwitch) [][]string {
	has := t.Homes[h.Home]
	if has.Command && h.Flake != "" {
		return [][]string{append([]string{h.Home + "/home-path/bin/home-manager", "switch",
			"--flake", h.Flake + "#" + h.Name, "-b", h.Suffix}, run.Flakes...)}
	}
	activate := append([]string{"env", "HOME_MANAGER_BACKUP_EXT=" + h.Suffix}, t.activate(h.Home)...)
	if has.Version {
		return [][]string{t.profile(h.Profile, "--set", h.Home), activate}
	}
	return [][]string{activate} // it sets the profile itself
}

// News is what home-manager switch builds after the activation: built before, nothing is left to build then.
func (h HomeSwitch) News() string {
	return fmt.Sprintf(`%s#homeConfigurations."%s".config.news.json.output`, h.Flake, h.Name)
}

// FlakeMetadata copies a flake into the store and says where it is: what FlakeInStore reads.
func (t Tools) FlakeMetadata(flake string, flags ...string) []string {
	return append(t.nix("flake", "metadata", "--json", flake), flags...)
}

// FlakeInStore is the reference of a flake's copy in the store, which every user can read and which
// stays as it was built, from what nix flake metadata says of it.
func FlakeInStore(metadata string) (string, error) {
	var m struct {
		Path   string `json:"path"`
		Locked struct {
			Dir string `json:"dir"`
		} `json:"locked"`
	}
	if err := json.Unmarshal([]byte(metadata), &m); err != nil {
		return "", fmt.Errorf("read what nix flake metadata says: %w", err)
	}
	if !filepath.IsAbs(m.Path) {
		return "", errors.New("read what nix flake metadata says: it names no path in the store")
	}
	ref := "path:" + m.Path
	if m.Locked.Dir != "" {
		ref += "?dir=" + url.PathEscape(m.Locked.Dir)
	}
	return ref, nil
}

func (t Tools) program(name string) string {
	return filepath.Join(t.Nix, name) // the bare name where no folder is known
}

func (t Tools) nix(args ...string) []string {
	return append(append([]string{t.program("nix")}, run.Flakes...), args...)
}

func (t Tools) profile(profile, what, to string) []string {
	return []string{t.program("nix-env"), "-p", profile, what, to}
}

func (t Tools) activate(home string) []string {
	if t.Homes[home].Version {
		return []string{home + "/activate", "--driver-version", "1"}
	}
	return []string{home + "/activate"}
}

func switchTo(system, verb string) []string {
	return []string{system + "/bin/switch-to-configuration", verb}
}
