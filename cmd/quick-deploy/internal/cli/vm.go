package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

var _ = register(95, vmCommand)

func vmCommand(a *app.App) *cli.Command {
	var o app.VMOptions
	memory := sizeFlag("memory", "give it `SIZE` of memory, such as 4GiB", &o.Size.Memory)
	memory.DefaultText = "by what the host runs, 2GiB at least"
	return &cli.Command{
		Name:      "vm",
		Usage:     "try a host out as a virtual machine",
		ArgsUsage: "[HOST] [-- NIX-FLAGS...]",
		Description: described(`
Writes the flake, as build does, and has nixos-rebuild build-vm build a throwaway one that extends
the host: without the disks, boot loader and drivers of the machine, with one throwaway password for
all users, throwaway secrets in the place of yours, and web pages on ports of this machine. Its disk
goes when it ends. quick-deploy help vm says what is different in it.`,
			"quick-deploy vm", "quick-deploy --dry-run vm", "quick-deploy vm --keep --memory 8GiB",
			"quick-deploy vm --check --timeout 20m"),
		Flags: append([]cli.Flag{
			plainFlag("check", "start it without a window, check its health and end it; exit code 8 if a required check fails",
				&o.Check),
			&cli.DurationFlag{
				Name: "timeout", Usage: "wait `DURATION` for --check, such as 20m", DefaultText: "10m, or 1h without KVM",
				Destination: &o.Timeout,
				Validator: func(d time.Duration) error {
					if d <= 0 {
						return fmt.Errorf("%s is not a valid time to wait", d)
					}
					return nil
				},
			},
			plainFlag("keep", "keep its disk for the next time", &o.Keep),
			plainFlag("no-start", "only build it, and print the script that starts it", &o.NoStart),
			memory,
			&cli.IntFlag{
				Name: "cores", Usage: "give it `N` processor cores", DefaultText: "2", Destination: &o.Size.Cores,
				Validator: func(n int) error {
					if n < 1 || n > max(255, runtime.NumCPU()) {
						return fmt.Errorf("%d is not a valid number of cores", n)
					}
					return nil
				},
			},
		}, buildFlags(&o.RunOptions)...),
		ShellComplete: words{"": hostWords}.complete(a),
		Action: anyArgs(func(ctx context.Context, args []string) error {
			names, flags := namesAndFlags(args)
			o.NixArgs = flags
			switch {
			case len(names) > 1:
				return fault.New(fault.Usage, "unexpected argument %q", names[1]).Hint("flags of Nix follow --")
			case o.NoStart && (o.Check || o.Keep):
				return fault.New(fault.Usage, "--no-start cannot be used with --check or --keep")
			case o.Timeout > 0 && !o.Check:
				return fault.New(fault.Usage, "--timeout is for --check")
			}
			on := a
			if len(names) == 1 {
				on = a.ForHost(names[0])
			}
			report, err := app.VM(ctx, on, o)
			if err != nil || report == nil {
				return err
			}
			if a.JSON {
				err = a.PrintEvent(journal.Event{Type: "health", Data: report})
			} else {
				err = a.Print(nil, func(w io.Writer) { writeHealth(a, w, *report) })
			}
			return cmp.Or(err, healthFault(*report))
		}),
	}
}
