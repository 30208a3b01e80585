package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
)

func (a *app) probeCommand() *cli.Command {
	return &cli.Command{
		Name: "probe",
		Action: func(ctx context.Context, cmd *cli.Command) error {
			f, _ := probe.Run(ctx, probe.Options{Root: a.opts.root})
			return a.printJSON(f)
		},
	}
}
