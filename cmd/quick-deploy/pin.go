package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/pin"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

func (a *app) pinCommand() *cli.Command {
	evaluate := &cli.BoolFlag{Name: "evaluate", Usage: "evaluate the hosts with Nix, and pin their systems' derivations", Sources: twin("evaluate")}
	return &cli.Command{
		Name:  "pin",
		Usage: "prove that two machines get the same from the same profile",
		Commands: []*cli.Command{
			{
				Name: "export", Usage: "write down what the profile becomes here", ArgsUsage: "[FILE]",
				Description: "FILE is " + pin.FileName + " beside the profile without an argument, and - is stdout. It holds hashes of\n" +
					"the profile, of flake.lock, of every file and of the whole flake (as nix hash path prints it), and\n" +
					"nothing of this machine: no time, no path, no name.",
				Flags: []cli.Flag{evaluate}, Action: a.pinExport,
			},
			{
				Name: "verify", Usage: "compare with what was written down; exit with 10 and name every difference", ArgsUsage: "[FILE]",
				Flags: []cli.Flag{evaluate}, Action: a.pinVerify,
			},
			{
				Name: "show", Usage: "print what flake.lock pins, as the profile's pins would say it", ArgsUsage: "[INPUT...]",
				Action: a.pinShow,
			},
		},
	}
}

// found describes the flake: the files on disk where there are any, and what
// would be written otherwise.
func (a *app) found(ctx context.Context, evaluate bool) (*generated, pin.Pin, error) {
	g, err := a.plan(ctx)
	if err != nil {
		return nil, pin.Pin{}, err
	}
	files := g.files
	if _, err := os.Stat(filepath.Join(g.tree.Dir(), "flake.nix")); err == nil {
		if files, err = onDisk(g.tree.Dir()); err != nil {
			return nil, pin.Pin{}, err
		}
	}
	var derivations map[string]string
	if evaluate {
		if derivations, err = a.derivations(ctx, g); err != nil {
			return nil, pin.Pin{}, err
		}
	}
	p, err := pin.New(tree.Meta{Tool: version, Profile: g.hash()}, files, derivations)
	return g, p, err
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

// pinPath is the pin's file: the argument, or the usual name beside the profile.
func (a *app) pinPath(cmd *cli.Command) (string, error) {
	if cmd.Args().Len() > 1 {
		return "", fault.New(fault.Usage, "unexpected argument %q", cmd.Args().Get(1))
	}
	if name := cmd.Args().First(); name != "" {
		return name, nil
	}
	profile, err := a.profilePath()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(profile), pin.FileName), nil
}

func (a *app) pinExport(ctx context.Context, cmd *cli.Command) error {
	path, err := a.pinPath(cmd)
	if err != nil {
		return err
	}
	_, p, err := a.found(ctx, cmd.Bool("evaluate"))
	if err != nil {
		return err
	}
	data, err := p.Encode()
	if err != nil {
		return err
	}
	if path == "-" || a.opts.dryRun {
		_, err := a.stdout.Write(data)
		return err
	}
	if err := (atomic.Writer{}).WriteFile(path, data, 0o644); err != nil {
		return err
	}
	a.say("%s: %s, %s, tree %s", path, count(len(p.Files), "file"), count(len(p.Inputs), "input"), p.Tree)
	return nil
}

func (a *app) pinVerify(ctx context.Context, cmd *cli.Command) error {
	path, err := a.pinPath(cmd)
	if err != nil {
		return err
	}
	data, err := regular.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Preflight, "read the pin: %w", err).Hint("quick-deploy pin export writes one where the profile is right")
	}
	if err != nil {
		return fmt.Errorf("read the pin: %w", err)
	}
	pinned, err := pin.Decode(data)
	if err != nil {
		return err
	}
	_, found, err := a.found(ctx, cmd.Bool("evaluate") || len(pinned.Hosts) > 0 && !cmd.IsSet("evaluate"))
	if err != nil {
		return err
	}
	differences, verdict := pin.Verify(pinned, found)
	if a.opts.json {
		if differences == nil {
			differences = []pin.Difference{}
		}
		return errors.Join(a.printJSON(differences), verdict)
	}
	for _, d := range differences {
		fmt.Fprintln(a.stdout, d)
	}
	if verdict == nil {
		a.say("%s: as pinned", path)
	}
	return verdict
}

// derivations evaluates the selected hosts, each to the derivation of its system.
func (a *app) derivations(ctx context.Context, g *generated) (map[string]string, error) {
	hosts, err := a.selected(g.loaded)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	if _, err := os.Stat(filepath.Join(g.tree.Dir(), "flake.nix")); err != nil {
		return nil, fault.New(fault.Preflight, "evaluate %s: %w", g.tree.Dir(), err).Hint("quick-deploy generate writes the flake")
	}
	return a.fleetNix().Derivations(ctx, g.tree.Dir(), names)
}

// pinShow prints the pins of flake.lock in the form that the profile takes.
func (a *app) pinShow(_ context.Context, cmd *cli.Command) error {
	data, err := regular.Read(filepath.Join(a.opts.flake, lockFile))
	if err != nil {
		return noFlake(a.opts.flake, err)
	}
	inputs, err := flake.ReadLock(data)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, name := range cmd.Args().Slice() {
		wanted[name] = true
	}
	type shown struct {
		Rev          string `json:"rev"`
		NarHash      string `json:"narHash"`
		LastModified int64  `json:"lastModified"`
	}
	out := map[string]shown{}
	for _, in := range inputs {
		if strings.Contains(in.Path, "/") || in.Rev == "" || len(wanted) > 0 && !wanted[in.Path] {
			continue
		}
		out[in.Path] = shown{in.Rev, in.NarHash, in.LastModified}
		delete(wanted, in.Path)
	}
	for _, name := range sortedKeys(wanted) {
		return fault.New(fault.Usage, "flake.lock has no input %q", name).Hint("it has %s", strings.Join(sortedKeys(out), ", "))
	}
	if a.opts.json {
		return a.printJSON(map[string]any{"pins": out})
	}
	fmt.Fprintln(a.stdout, "pins:")
	for _, name := range sortedKeys(out) {
		in := out[name]
		hash, err := json.Marshal(in.NarHash)
		if err != nil {
			return fmt.Errorf("show %s: %w", name, err)
		}
		fmt.Fprintf(a.stdout, "  %s:\n    rev: %q\n    narHash: %s\n    lastModified: %d\n", name, in.Rev, hash, in.LastModified)
	}
	return nil
}
