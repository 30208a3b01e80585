// Package adopt reads the configuration that a NixOS machine has, by
// evaluating it, and carries what a profile cannot say into the new flake. It never
// writes to the configuration it reads.
package adopt

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

//go:embed machine.nix
var expression []byte

//go:embed pure.nix
var pureScope []byte

// Config is a configuration that a machine has.
type Config struct {
	// Dir is the folder, such as /etc/nixos; File the configuration in it, and
	// empty where it is a flake, which configures Host.
	Dir, File, Host string
	// Nixpkgs is the folder of the nixpkgs to evaluate File with, that of the search path where it is empty.
	Nixpkgs string
	// Pure forbids what a flake may not do.
	Pure bool
	// Lenient lets options pass that Nixpkgs does not have.
	Lenient bool
}

// ErrNone is returned by Find where there is no configuration.
var ErrNone = errors.New("neither flake.nix nor configuration.nix")

// Find finds the configuration at path, which is a folder or a file.
func Find(path, host string) (Config, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Config{}, fmt.Errorf("find the configuration: %w", err)
	}
	// Links are followed once: what is copied later is below one folder.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return Config{}, fmt.Errorf("find the configuration: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return Config{}, fmt.Errorf("find the configuration: %w", err)
	}
	if !info.IsDir() {
		if filepath.Base(path) == "flake.nix" {
			return Config{Dir: filepath.Dir(path), Host: host}, nil
		}
		return Config{Dir: filepath.Dir(path), File: path}, nil
	}
	for _, name := range []string{"flake.nix", "configuration.nix"} {
		file := filepath.Join(path, name)
		_, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Config{}, fmt.Errorf("find the configuration: %w", err)
		}
		if name == "flake.nix" {
			return Config{Dir: path, Host: host}, nil
		}
		return Config{Dir: path, File: file}, nil
	}
	return Config{}, fmt.Errorf("%s: %w", path, ErrNone)
}

// Service is an entry of the catalogue.
type Service struct {
	Name string `json:"name"`
	// Module is its module's name.
	Module string `json:"module"`
}

// System is what a configuration says that a profile can say too.
type System struct {
	machine.Machine
	Loader   string   `json:"loader"`
	Desktops []string `json:"desktops"`
	// Services are those of the catalogue that are on.
	Services []Enabled `json:"services"`
	// Nixpkgs is the folder of the nixpkgs that the configuration is evaluated with.
	Nixpkgs string `json:"nixpkgs"`
	// Homes are the accounts whose homes home-manager makes as a part of the system.
	Homes []string `json:"homes"`
	// Root is the device of the root file system, such as /dev/disk/by-uuid/….
	Root string `json:"root"`
}

// Enabled is a service that is on, with the option that says so.
type Enabled struct {
	Name   string   `json:"name"`
	Option []string `json:"option"`
}

// Definition is an option that the configuration's own files define.
type Definition struct {
	Path []string `json:"path"`
	// Files are relative to the configuration's folder.
	Files []string `json:"files"`
}

// Evaluator evaluates with the Nix of the machine.
type Evaluator struct {
	// Run runs nix-instantiate with arguments, and with the machine's search path if it is to have one, and
	// returns its output. The error of a command that failed holds what it said.
	Run func(ctx context.Context, searchPath bool, args ...string) ([]byte, error)
	// Temp is a folder of the caller's that is removed afterwards.
	Temp string
}

// System evaluates c. Modules are the catalogue's, services what to look for.
func (e *Evaluator) System(ctx context.Context, c Config, modules string, services []Service) (System, error) {
	list, err := json.Marshal(services)
	if err != nil {
		return System{}, fmt.Errorf("write the list of services: %w", err)
	}
	var s System
	err = e.ask(ctx, "system", &s, c, "--argstr", "modules", modules, "--argstr", "services", string(list))
	return s, err
}

// Defined are the options that c's own files define.
func (e *Evaluator) Defined(ctx context.Context, c Config) ([]Definition, error) {
	var out []Definition
	err := e.ask(ctx, "defined", &out, c, "--argstr", "root", c.Dir)
	return out, err
}

// Values are what options come to in c, by path as JSON; nil where definitions contradict each other.
func (e *Evaluator) Values(ctx context.Context, c Config, paths [][]string) (map[string]any, error) {
	watch, err := json.Marshal(paths)
	if err != nil {
		return nil, fmt.Errorf("write the list of options: %w", err)
	}
	var out map[string]any
	err = e.ask(ctx, "values", &out, c, "--argstr", "watch", string(watch))
	return out, err
}

// Check evaluates the system that c makes. Assertions of NixOS that fail are an error.
func (e *Evaluator) Check(ctx context.Context, c Config) error {
	var failed []string
	if err := e.ask(ctx, "check", &failed, c); err != nil {
		return err
	}
	if len(failed) > 0 {
		return errors.New(strings.Join(failed, "; "))
	}
	return nil
}

// Find is the path of a name in the search path, as in <name>.
func (e *Evaluator) Find(ctx context.Context, name string) (string, bool) {
	out, err := e.Run(ctx, true, "--find-file", name)
	return strings.TrimSpace(string(out)), err == nil
}

// uris are the beginnings of addresses that a flake may fetch from, if by hash.
const uris = "http:// https:// git:// ssh:// git+http:// git+https:// git+ssh:// github: gitlab: sourcehut:"

func (c Config) args() []string {
	if c.File == "" {
		return []string{"--argstr", "flake", "path:" + c.Dir, "--argstr", "host", c.Host}
	}
	args := []string{"--argstr", "file", c.File, "--argstr", "nixpkgs", c.Nixpkgs}
	if c.Lenient {
		args = append(args, "--argstr", "lenient", "true")
	}
	if c.Pure {
		args = append(args, "--restrict-eval", "--option", "allowed-uris", uris, "-I", c.Dir, "-I", c.Nixpkgs)
	}
	return args
}

// Purify brings the Nix files below dir that lie in folders of these names to find in scope what a flake finds
// there, and no more.
func (e *Evaluator) Purify(dir string, names ...string) error {
	scope := filepath.Join(e.Temp, "pure.nix")
	if err := os.WriteFile(scope, pureScope, 0o600); err != nil {
		return fmt.Errorf("prepare the evaluation: %w", err)
	}
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".nix" {
			return err
		}
		within := strings.Split(strings.TrimPrefix(filepath.Dir(file), dir), "/")
		if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(within, name) }) {
			return nil
		}
		if err := os.Rename(file, file+scoped); err != nil {
			return err
		}
		wrapper := "builtins.scopedImport (import (/. + " + nix.Quote(scope) + ")) (./. + " +
			nix.Quote("/"+filepath.Base(file)+scoped) + ")\n"
		return os.WriteFile(file, []byte(wrapper), 0o600)
	})
}

// scoped ends the name of a file that another one imports with a scope.
const scoped = ".scoped"

func (e *Evaluator) ask(ctx context.Context, what string, into any, c Config, args ...string) error {
	file := filepath.Join(e.Temp, "machine.nix")
	if err := os.WriteFile(file, expression, 0o600); err != nil {
		return fmt.Errorf("prepare the evaluation: %w", err)
	}
	args = append([]string{
		"--eval", "--strict", "--json", "--extra-experimental-features", "nix-command flakes", file, "--argstr", "ask", what,
	}, append(c.args(), args...)...)
	if c.Pure {
		args = append(args, "-I", e.Temp)
	}
	out, err := e.Run(ctx, !c.Pure, args...)
	if err != nil {
		return fmt.Errorf("evaluate the configuration: %w", err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("read the evaluated configuration: %w", err)
	}
	return nil
}

// Key is a path as Values names it.
func Key(path []string) string {
	// A list of texts is always JSON.
	data, _ := json.Marshal(path)
	return string(data)
}
