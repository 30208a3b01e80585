package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

func (a *app) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "say where a value comes from: file, line and layer",
		ArgsUsage: "[HOST] KEY",
		Description: "The layers that mention the key, in the order they are applied: defaults, groups in the host's\n" +
			"order, the host. What is marked is in the result. HOST may be left out where there is only one.\n" +
			"With --option, KEY is an option of NixOS or of a home: its value and default by Nix, the module that\n" +
			"declares it, and the lines of the profile and of the flake that set it.",
		Flags:  explainOptionFlags(),
		Action: a.explainAction,
	}
}

// layerLine is what one layer says about a key.
type layerLine struct {
	Layer  string `json:"layer"`
	Effect string `json:"effect"`
	Place  string `json:"place"`
	Path   string `json:"path"`
	Value  any    `json:"value"`
	Won    bool   `json:"won"`
}

func (a *app) explainAction(ctx context.Context, cmd *cli.Command) error {
	args := cmd.Args().Slice()
	if len(args) == 0 || len(args) > 2 {
		return fault.New(fault.Usage, "explain takes a host and a key").Hint("quick-deploy explain web-1 services.nginx.expose")
	}
	l, err := a.load()
	if err != nil {
		return err
	}
	key := args[len(args)-1]
	host := args[0]
	if len(args) == 1 {
		if host, err = a.hostName(l); err != nil {
			return err
		}
	}
	if cmd.Bool("option") {
		return a.explainOption(ctx, cmd, l, host, key)
	}
	steps, err := l.profile.Explain(host, key)
	if err != nil {
		return selectorFault("explain", err)
	}
	lines := make([]layerLine, len(steps))
	for i, s := range steps {
		lines[i] = layerLine{Layer: s.Layer, Effect: string(s.Effect), Place: s.Pos.String(), Path: s.Path, Value: s.Value.Any(), Won: s.Won}
	}
	if a.opts.json {
		return a.printJSON(lines)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, s := range lines {
		value, err := json.Marshal(s.Value)
		if err != nil {
			return fmt.Errorf("show %s: %w", s.Path, err)
		}
		mark := " "
		if s.Won {
			mark = "*"
		}
		fmt.Fprintf(w, "%s %s\t%s\t%s\t%s = %s\n", mark, s.Place, s.Layer, s.Effect, s.Path, value)
	}
	return w.Flush()
}
