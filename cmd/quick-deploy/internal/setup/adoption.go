package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/adopt"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/nix/syntax"
)

// adoption is a configuration that is being taken over.
type adoption struct {
	config  adopt.Config
	nix     *adopt.Evaluator
	machine adopt.System
	defined []adopt.Definition
	// unlisted is why it could not be found out what the configuration's own files define.
	unlisted error
	// otherHardware says that hardware-configuration.nix is another machine's, and does not come along.
	otherHardware bool
	// uncompared is why the options could not be compared where the profile is for another release.
	uncompared error
	legacy     adopt.Legacy
	close      func()
}

// evaluator finds Nix.
func (g *Guide) evaluator() (*adopt.Evaluator, error) {
	nix := &run.Exec{Environ: os.Environ()}
	if _, err := nix.LookPath("nix-instantiate"); err != nil {
		return nil, fault.New(fault.Preflight, "adopting a configuration needs Nix, which evaluates it: %w", err).
			Hint("run this on the NixOS machine itself, with Nix on PATH")
	}
	return &adopt.Evaluator{Run: func(ctx context.Context, searchPath bool, args ...string) ([]byte, error) {
		var out bytes.Buffer
		err := g.Retry(ctx, func(int) *retry.Failure {
			out.Reset()
			c := run.Command{Name: "nix-instantiate", Args: args, Stdout: &out}
			if !searchPath {
				c.Env = []string{"NIX_PATH="}
			}
			res, err := nix.Run(ctx, c)
			if err == nil {
				return nil
			}
			// Without the trace: that is about the expression which asks.
			cause := nixlog.Read(res.Stderr).Cause
			if said := cause.Text(); said != "" {
				err = errors.New(said)
			}
			return &retry.Failure{Err: fault.New(fault.Build, "%w", err), Cause: cause}
		})
		var spent *retry.SpentError
		if errors.As(err, &spent) {
			return nil, fault.New(fault.Network, "%w", err)
		}
		return out.Bytes(), err
	}}, nil
}

// newAdoption evaluates the configuration at path.
func newAdoption(ctx context.Context, g *Guide, path string) (*adoption, error) {
	ev, err := g.evaluator()
	if err != nil {
		return nil, err
	}
	config, err := adopt.Find(path, g.machine.Hostname)
	if err != nil {
		return nil, fault.New(fault.Usage, "%w", err).
			Hint("quick-deploy init --adopt PATH names the folder of the configuration")
	}
	if ev.Temp, err = os.MkdirTemp("", "quick-deploy-adopt-"); err != nil {
		return nil, fmt.Errorf("make a folder for the evaluation: %w", err)
	}
	ad := &adoption{config: config, nix: ev, close: func() { os.RemoveAll(ev.Temp) }}
	if err := ad.read(ctx, g); err != nil {
		ad.close()
		return nil, err
	}
	return ad, nil
}

func (ad *adoption) read(ctx context.Context, g *Guide) error {
	var services []adopt.Service
	for name, n := range g.node.Property("host").Property("services").All() {
		// A service that needs keys stays with the old configuration, which has them.
		if enable := n.Service.Enable; enable != "" && !n.NeedsKeys() {
			option, err := nix.ParseAttrPath(enable)
			if err != nil {
				return fmt.Errorf("read the catalogue: %s: %w", name, err)
			}
			services = append(services, adopt.Service{Name: name, Option: option})
		}
	}
	var err error
	if ad.machine, err = ad.nix.System(ctx, ad.config, services); err != nil {
		return ad.explained(ctx, err)
	}
	ad.defined, ad.unlisted = ad.nix.Defined(ctx, ad.config)
	if ad.unlisted != nil && ad.config.File == "" {
		// What a flake consists of is known by nothing else.
		return ad.unlisted
	}
	if ad.machine.Nixpkgs, err = filepath.EvalSymlinks(ad.machine.Nixpkgs); err != nil {
		return fmt.Errorf("find the nixpkgs of the configuration: %w", err)
	}
	ad.otherHardware = !fits(g.facts, ad.machine.Root)
	if err := ad.carry(ctx); err != nil {
		return err
	}
	generated := func(f adopt.File) bool { return filepath.Base(f.Path) == "hardware-configuration.nix" }
	if ad.otherHardware && !slices.ContainsFunc(ad.legacy.Files, generated) {
		return fault.New(fault.Preflight, "the root file system of %s is %s, which this machine does not have; "+
			"nothing was written", ad.config.Dir, ad.machine.Root).
			Hint("take the fileSystems of the other machine out, or move them to a hardware-configuration.nix, " +
				"which stays behind")
	}
	if ad.unlisted != nil {
		ad.defined = ad.written()
	}
	return nil
}

func (ad *adoption) carry(ctx context.Context) (err error) {
	c := adopt.Carrier{
		Config: ad.config, Home: os.Getenv("HOME"), OtherHardware: ad.otherHardware,
		Find: func(name string) (string, bool) { return ad.nix.Find(ctx, name) },
	}
	ad.legacy, err = c.Carry(ad.defined)
	return err
}

// explained adds to the error of a configuration that does not evaluate as it is the places that a flake could
// not evaluate either.
func (ad *adoption) explained(ctx context.Context, err error) error {
	if ad.carry(ctx) != nil {
		return err
	}
	e := fault.New(fault.CodeOf(err), "%w", err)
	for _, o := range ad.obstacles(err) {
		e = e.Hint("%s", o)
	}
	return e
}

// written are the options that the text of the files sets, for where Nix cannot list them: less exact, since
// what stands below conditions is not seen.
func (ad *adoption) written() []adopt.Definition {
	var out []adopt.Definition
	for _, f := range ad.legacy.Files {
		name, ok := strings.CutPrefix(f.Path, "legacy/")
		if !ok || filepath.Ext(name) != ".nix" {
			continue
		}
		text, err := regular.Read(filepath.Join(ad.config.Dir, filepath.FromSlash(name)))
		if err != nil {
			continue // Carry has told of it
		}
		set, err := syntax.Settings(string(text), false)
		if err != nil {
			continue // a function, or a list: no module by its form
		}
		for _, s := range set {
			if option, err := nix.ParseAttrPath(s.Option); err == nil && s.Option != "imports" {
				out = append(out, adopt.Definition{Path: option, Files: []string{name}})
			}
		}
	}
	return out
}

// fits tells whether a root file system is this machine's, as far as that is known.
func fits(f hardware.Facts, root string) bool {
	uuid, ok := strings.CutPrefix(root, "/dev/disk/by-uuid/")
	return !ok || f.NixOS == "" || len(f.Blocks) == 0 ||
		slices.ContainsFunc(f.Blocks, func(b hardware.Block) bool { return strings.EqualFold(b.UUID, uuid) })
}

// ofHardware tells whether only hardware-configuration.nix defines an option.
func ofHardware(d adopt.Definition) bool {
	return !slices.ContainsFunc(d.Files, func(f string) bool { return filepath.Base(f) != "hardware-configuration.nix" })
}

// inFlake tells whether flake.nix itself defines an option, and not only nixpkgs by what it adds there
// (lib.nixosSystem in nixpkgs' flake.nix).
func inFlake(d adopt.Definition) bool {
	byNixpkgs := d.Path[0] == "nixpkgs" || d.Path[0] == "system" && d.Path[1] == "nixos"
	return slices.Contains(d.Files, "flake.nix") && !byNixpkgs
}

// options are the names of options that the configuration defines.
func (ad *adoption) options(which func(adopt.Definition) bool) []string {
	var out []string
	for _, d := range ad.defined {
		if which(d) {
			out = append(out, nix.FormatAttrPath(d.Path))
		}
	}
	return out
}

func (ad *adoption) defines(path ...string) bool {
	return slices.ContainsFunc(ad.defined, func(d adopt.Definition) bool { return slices.Equal(d.Path, path) })
}

// bothWays adds to an error how to go on with the configuration and without it.
func bothWays(g *Guide, asked bool, err error) error {
	e, ok := err.(*fault.Error) //nolint:errorlint // its own hints come first, where it is not wrapped
	if !ok {
		e = fault.New(fault.CodeOf(err), "%w", err)
	}
	if !asked {
		e = e.Hint("quick-deploy init --adopt PATH adopts another configuration, or %s once it evaluates", g.config)
	}
	e = e.Hint("quick-deploy init --fresh starts without it")
	if gone := g.gone(g.proposed); len(gone) > 0 {
		e = e.Hint("which leaves behind: %s", strings.Join(gone, "; "))
	}
	return e
}
