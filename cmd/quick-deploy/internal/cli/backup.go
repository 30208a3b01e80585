package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

func backupCommand(a *app.App) *cli.Command {
	ids := words{"": func(_ *app.App, args []string) []app.Word {
		if len(args) > 0 {
			return nil
		}
		return app.BackupWords()
	}}
	return &cli.Command{
		Name:        "backup",
		Usage:       "list the copies of files that runs have made before they changed them, and bring them back",
		Description: described("", "quick-deploy backup list", "quick-deploy backup restore 20260501_100000"),
		Commands: []*cli.Command{
			{
				Name: "list", Usage: "list the backups, newest first, or the files of the backup `ID`", ArgsUsage: "[ID]",
				Description:   described("", "quick-deploy backup list", "quick-deploy backup list 20260501_100000"),
				ShellComplete: ids.complete(a),
				Action: someArgs(1, func(_ context.Context, args []string) error {
					if len(args) == 0 {
						return app.ListBackups(a)
					}
					return app.ListBackup(a, args[0])
				}),
			},
			{
				Name: "restore", Usage: "put the files of a backup back, all or the named ones", ArgsUsage: "ID [FILE...]",
				Description: described(`
A file that is as in the backup is left alone. The copies are checked before the first is written.`,
					"quick-deploy backup restore 20260501_100000", "quick-deploy backup restore 20260501_100000 /etc/hosts"),
				ShellComplete: ids.complete(a),
				Action: anyArgs(func(ctx context.Context, args []string) error {
					if len(args) == 0 {
						return fault.New(fault.Usage, "which backup?").Hint("quick-deploy backup list shows them")
					}
					return app.RestoreBackup(ctx, a, args[0], args[1:])
				}),
			},
		},
	}
}
