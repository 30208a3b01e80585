package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

func probeCommand(a *app.App) *cli.Command {
	var o app.ProbeOptions
	return &cli.Command{
		Name:  "probe",
		Usage: "look at this machine's hardware, and say what follows from it",
		Description: described(`
Needs neither root nor the network. With --json it prints the facts, which hardware.facts of a
profile reads; they hold no serial numbers or addresses unless --identify is given.`,
			"quick-deploy probe --explain", "quick-deploy --json probe > atlas.facts.json"),
		Flags: []cli.Flag{
			plainFlag("explain", "show what was decided, and why", &o.Explain),
			&cli.StringFlag{
				Name: "target", Usage: "take the file systems mounted below `DIR`, as while installing to /mnt", TakesFile: true,
				Destination: &o.Target,
			},
			plainFlag("identify", "add serial numbers and MAC addresses", &o.Identify),
		},
		Action: noArgs(func(ctx context.Context) error { return app.Probe(ctx, a, o) }),
	}
}
