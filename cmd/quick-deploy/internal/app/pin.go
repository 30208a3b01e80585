package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/pin"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// describeFlake describes the flake: the files on disk where there are any, and what
// would be written otherwise.
func describeFlake(ctx context.Context, a *App, evaluate bool) (pin.Pin, error) {
	g, err := PlanFlake(ctx, a)
	if err != nil {
		return pin.Pin{}, err
	}
	files := g.Flake.Files
	if _, err := os.Stat(filepath.Join(g.Tree.Dir(), "flake.nix")); err == nil {
		if files, err = onDisk(g.Tree.Dir()); err != nil {
			return pin.Pin{}, err
		}
	}
	var evaluated map[string]string
	if evaluate {
		if evaluated, err = derivations(ctx, a, g); err != nil {
			return pin.Pin{}, err
		}
	}
	return pin.New(tree.Meta{Tool: a.Version, Profile: g.hash()}, files, evaluated)
}

// onDisk reads the flake as Nix sees it: all but the repository around it, our
// own records, and the links that builds leave.
func onDisk(dir string) ([]tree.File, error) {
	var files []tree.File
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || path == filepath.Join(dir, ".quick-deploy")) {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := regular.Read(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files = append(files, tree.File{Path: filepath.ToSlash(rel), Data: data})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the flake: %w", err)
	}
	return files, nil
}

// pinPath is the pin's file: the one that is named, or the usual name beside the profile.
func pinPath(a *App, name string) (string, error) {
	if name != "" {
		return name, nil
	}
	profile, err := a.ProfilePath()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(profile), pin.FileName), nil
}

// ExportPin writes down what the profile becomes here: into the file, - for standard output.
func ExportPin(ctx context.Context, a *App, file string, evaluate bool) error {
	path, err := pinPath(a, file)
	if err != nil {
		return err
	}
	p, err := describeFlake(ctx, a, evaluate)
	if err != nil {
		return err
	}
	data, err := p.Encode()
	if err != nil {
		return err
	}
	if path == "-" || a.DryRun {
		_, err := a.Out.Write(data)
		return err
	}
	if err := writeNamed(path, data, 0o644); err != nil {
		return err
	}
	a.Say("%s: %s, %s, tree %s", path, term.Count(len(p.Files), "file"), term.Count(len(p.Inputs), "input"), p.Tree)
	return nil
}

// VerifyPin compares with what was written down. Evaluate is nil where nobody said: then it goes by the pin.
func VerifyPin(ctx context.Context, a *App, file string, evaluate *bool) error {
	path, err := pinPath(a, file)
	if err != nil {
		return err
	}
	data, err := regular.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Preflight, "read the pin: %w", err).
			Hint("quick-deploy pin export writes one where the profile is right")
	}
	if err != nil {
		return fmt.Errorf("read the pin: %w", err)
	}
	pinned, err := pin.Decode(data)
	if err != nil {
		return err
	}
	withNix := len(pinned.Hosts) > 0
	if evaluate != nil {
		withNix = *evaluate
	}
	found, err := describeFlake(ctx, a, withNix)
	if err != nil {
		return err
	}
	differences, verdict := pin.Verify(pinned, found)
	err = a.Print(append([]pin.Difference{}, differences...), func(w io.Writer) {
		for _, d := range differences {
			fmt.Fprintln(w, d)
		}
	})
	if verdict == nil && !a.JSON {
		a.Say("%s: as pinned", path)
	}
	return errors.Join(err, verdict)
}

// derivations evaluates the selected hosts, each to the derivation of its system.
func derivations(ctx context.Context, a *App, g *Generated) (map[string]string, error) {
	hosts, err := a.Selected(g.Loaded)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	if _, err := os.Stat(filepath.Join(g.Tree.Dir(), "flake.nix")); err != nil {
		return nil, fault.New(fault.Preflight, "evaluate %s: %w", g.Tree.Dir(), err).
			Hint("quick-deploy generate writes the flake")
	}
	return a.nix().Derivations(ctx, g.Tree.Dir(), names)
}

// ShowPins prints the pins of flake.lock in the form that the profile takes.
func ShowPins(a *App, names []string) error {
	data, err := regular.Read(filepath.Join(a.Flake, inputs.LockFile))
	if err != nil {
		return noFlake(a.Flake, err)
	}
	locked, err := flake.ReadLock(data)
	if err != nil {
		return err
	}
	known := slices.DeleteFunc(flake.Direct(locked), func(name string) bool { return locked[name].Rev == "" })
	if len(names) == 0 {
		names = known
	}
	pins := map[string]flake.Locked{}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fault.New(fault.Usage, "flake.lock has no input %q", name).
				Hint("it has %s", strings.Join(known, ", "))
		}
		in := locked[name]
		in.Ref = "" // that of flake.nix stays
		pins[name] = in
	}
	return a.Print(map[string]any{"pins": pins}, func(w io.Writer) {
		fmt.Fprintln(w, "pins:")
		for _, name := range slices.Sorted(maps.Keys(pins)) {
			in := pins[name]
			hash, _ := json.Marshal(in.NarHash) // a text
			fmt.Fprintf(w, "  %s:\n    rev: %q\n    narHash: %s\n    lastModified: %d\n", name, in.Rev, hash, in.LastModified)
		}
	})
}
