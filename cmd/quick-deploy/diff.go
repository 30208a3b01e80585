package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/settings"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
)

func (a *app) diffCommand() *cli.Command {
	return &cli.Command{
		Name:  "diff",
		Usage: "show what generate would change in the flake, or a build on the machine",
		Description: "Unified diffs on stdout, then the options whose values change; a file that was edited by hand\n" +
			"shows what forcing it would undo. With --built it compares the running system with the one that\n" +
			"the last build made: packages, units to restart, and whether a reboot is needed and why.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "by-option", Usage: "show the options that change, and no files"},
			&cli.BoolFlag{Name: "built", Usage: "compare the running system with the one that was built last"},
			&cli.BoolFlag{Name: "units", Usage: "with --built, ask as root which units a switch would stop, start and restart"},
			elevateFlag(),
		},
		Action: a.diffAction,
	}
}

func (a *app) diffAction(ctx context.Context, cmd *cli.Command) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	if cmd.Bool("built") {
		if cmd.Bool("by-option") {
			return fault.New(fault.Usage, "--by-option and --built exclude each other")
		}
		return a.diffBuilt(ctx, cmd)
	}
	if cmd.Bool("units") {
		return fault.New(fault.Usage, "--units needs --built")
	}
	g, err := a.plan(ctx)
	if err != nil {
		return err
	}
	if g.inputs, err = a.inputs(g, false, false); err != nil {
		return err
	}
	if err := a.sayAges(g); err != nil {
		return err
	}
	options := optionChanges(g)
	if a.opts.json {
		return a.printWith(g.changes, map[string]any{"options": options, "inputs": g.inputs})
	}
	a.say("%s: %s", g.tree.Dir(), g.changes.Summary())
	if !cmd.Bool("by-option") {
		if err := tree.Diff(g.changes, a.stdout.Styled(), a.colour(a.stdout)); err != nil {
			return err
		}
		// Of files that were not there every option is new; the diff above shows them all.
		options = onlyUpdated(options)
		if len(options) > 0 {
			fmt.Fprintln(a.stdout)
		}
	}
	a.printOptions(options)
	return nil
}

// fileOptions are the options that change in one file.
type fileOptions struct {
	File    string            `json:"file"`
	Host    string            `json:"host,omitempty"`
	Created bool              `json:"created,omitempty"`
	Changes []settings.Change `json:"changes"`
}

// optionChanges are the options that change where the plan is carried out. A
// file that cannot be read as a module has none: its diff shows what changes.
func optionChanges(g *generated) []fileOptions {
	out := []fileOptions{}
	for _, f := range g.changes.With(tree.Create, tree.Update, tree.Remove) {
		dir, _, _ := strings.Cut(f.Path, "/")
		if filepath.Ext(f.Path) != ".nix" || dir != "hosts" && dir != "modules" {
			continue
		}
		changes, err := settings.Diff(f.Old, f.New)
		if err != nil || len(changes) == 0 {
			continue
		}
		entry := fileOptions{File: f.Path, Created: f.Action == tree.Create, Changes: changes}
		if rest, ok := strings.CutPrefix(f.Path, "hosts/"); ok {
			entry.Host, _, _ = strings.Cut(rest, "/")
		}
		out = append(out, entry)
	}
	return out
}

func onlyUpdated(all []fileOptions) []fileOptions {
	var out []fileOptions
	for _, f := range all {
		if !f.Created {
			out = append(out, f)
		}
	}
	return out
}

func (a *app) printOptions(files []fileOptions) {
	for _, f := range files {
		fmt.Fprintf(a.stdout, "%s\n", f.File)
		for _, c := range f.Changes {
			switch {
			case c.Before == "":
				fmt.Fprintf(a.stdout, "  + %s = %s\n", c.Option, c.After)
			case c.After == "":
				fmt.Fprintf(a.stdout, "  - %s = %s\n", c.Option, c.Before)
			default:
				fmt.Fprintf(a.stdout, "  ~ %s: %s → %s\n", c.Option, c.Before, c.After)
			}
		}
	}
}

// lastBuilt is the system that the last build or switch of a host made.
func (s *session) lastBuilt(host string) (string, error) {
	none := fault.New(fault.Usage, "no system of %s was built yet", host).Hint("quick-deploy build builds it and changes nothing")
	st, err := s.deployer.Store().State()
	if errors.Is(err, fs.ErrNotExist) || err == nil && (st == nil || st.Host != host) {
		return "", none
	}
	if err != nil {
		return "", err
	}
	var data struct{ System string }
	if len(st.Data) > 0 {
		if err := json.Unmarshal(st.Data, &data); err != nil {
			return "", fmt.Errorf("read the state of the last run: %w", err)
		}
	}
	if data.System == "" {
		return "", none
	}
	return data.System, nil
}
