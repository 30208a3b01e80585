package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// unlogged are commands that print what the program itself holds.
var unlogged = []string{"help", "completion", "man", "schema"}

// logged has every command write a log: what it was asked, what it said and did,
// and how it ended. A dry run writes nothing, so it has none either.
func (l *line) logged(c *cli.Command) {
	for _, sub := range c.Commands {
		if !slices.Contains(unlogged, sub.Name) {
			l.logged(sub)
		}
	}
	action := c.Action
	if action == nil {
		return
	}
	c.Action = func(ctx context.Context, cmd *cli.Command) error {
		if err := l.app.KnownHosts(); err != nil {
			return err
		}
		if l.app.DryRun {
			return action(ctx, cmd)
		}
		l.openLog(cmd)
		start := time.Now()
		name := strings.Fields(cmd.FullName())
		args := run.Command{Name: name[0], Args: slices.Concat(name[1:], cmd.Args().Slice())}
		dir, _ := os.Getwd() // a folder that is gone is not worth an error
		l.app.Log.Info("begin", "command", args.String(), "flags", strings.Join(cmd.FlagNames(), " "),
			"version", l.app.Version, "user", os.Getenv("USER"), "dir", dir)
		err := action(ctx, cmd)
		level := slog.LevelInfo
		if code := fault.CodeOf(err); code != fault.OK && code != fault.Pending {
			level = slog.LevelError
		}
		l.logEnd(level, err, time.Since(start))
		return err
	}
}

// openLog opens the command's log. Where it cannot be written, on a disk that is
// full or read-only, a command that only looks goes on without; act refuses.
func (l *line) openLog(cmd *cli.Command) {
	kind := strings.Split(strings.TrimPrefix(cmd.FullName(), "quick-deploy"), " ")
	name := strings.Trim(strings.Join(kind, "-"), "-")
	switch name {
	case "build", "test", "boot", "switch", "resume", "rollback", "fleet-deploy", "fleet-install":
		name = logfile.Deploy
	}
	dir := filepath.Join(app.StateDir(), "logs")
	o := logfile.Options{Kind: name, Level: l.logLevel, JSON: l.app.JSON, Now: time.Now}
	l.app.LogFile, l.app.LogErr = logfile.Open(dir, o)
	if l.app.LogErr != nil {
		return
	}
	l.app.Log = l.app.LogFile.Logger()
	if name == logfile.Deploy {
		return // the executor keeps those that its records name
	}
	if err := logfile.Prune(dir, name, logfile.Kept, time.Now().Add(-logfile.KeptFor), nil); err != nil {
		l.app.Log.Warn("prune logs", "error", err)
	}
}

// logEnd writes how the command ended, and closes the log.
func (l *line) logEnd(level slog.Level, err error, took time.Duration) {
	if l.app.LogFile == nil {
		return
	}
	if err != nil {
		origin, _ := fault.OriginOf(err)
		var problems profile.Problems
		errors.As(err, &problems)
		logfile.From(l.app.Log, level, origin.PC, l.app.Seen.Veil(problems).Text(err.Error()), "exit", int(fault.CodeOf(err)),
			"command", run.CommandOf(err), "child_exit", run.CodeOf(err))
	}
	l.app.Log.Info("end", "exit", int(fault.CodeOf(err)), "duration", took.Round(time.Millisecond))
	err = l.app.LogFile.Close()
	l.app.LogFile, l.app.Log = nil, slog.New(slog.DiscardHandler)
	if err != nil {
		l.app.Say("note: %v", err)
	}
}
