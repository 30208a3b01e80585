package main

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

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// unlogged are commands that print what the program itself holds.
var unlogged = []string{"help", "completion", "man", "schema"}

// logged has every command write a log: what it was asked, what it said and did,
// and how it ended. A dry run writes nothing, so it has none either.
func (a *app) logged(c *cli.Command) {
	for _, sub := range c.Commands {
		if !slices.Contains(unlogged, sub.Name) {
			a.logged(sub)
		}
	}
	action := c.Action
	if action == nil {
		return
	}
	c.Action = func(ctx context.Context, cmd *cli.Command) error {
		if err := a.knownHosts(); err != nil {
			return err
		}
		if a.opts.dryRun {
			return action(ctx, cmd)
		}
		a.openLog(cmd)
		start := time.Now()
		name := strings.Fields(cmd.FullName())
		args := run.Command{Name: name[0], Args: slices.Concat(name[1:], cmd.Args().Slice())}
		dir, _ := os.Getwd() // a folder that is gone is not worth an error
		a.log.Info("begin", "command", args.String(), "flags", strings.Join(cmd.FlagNames(), " "), "version", version, "user", os.Getenv("USER"), "dir", dir)
		err := action(ctx, cmd)
		level := slog.LevelInfo
		if code := fault.CodeOf(err); code != fault.OK && code != fault.Pending {
			level = slog.LevelError
		}
		a.logEnd(level, err, time.Since(start))
		return err
	}
}

// openLog opens the command's log. Where it cannot be written, on a disk that is
// full or read-only, a command that only looks goes on without; act refuses.
func (a *app) openLog(cmd *cli.Command) {
	kind := strings.Split(strings.TrimPrefix(cmd.FullName(), "quick-deploy"), " ")
	name := strings.Trim(strings.Join(kind, "-"), "-")
	switch name {
	case "", "build", "test", "boot", "switch", "resume", "rollback", "fleet-deploy", "fleet-install":
		name = logfile.Deploy
	}
	dir := filepath.Join(stateHome(), "quick-deploy", "logs")
	a.logFile, a.logErr = logfile.Open(dir, logfile.Options{Kind: name, Level: a.logLevel, JSON: a.opts.json, Now: time.Now})
	if a.logErr != nil {
		return
	}
	a.log = a.logFile.Logger()
	if name == logfile.Deploy {
		return // the executor keeps those that its records name
	}
	if err := logfile.Prune(dir, name, logfile.Kept, time.Now().Add(-logfile.KeptFor), nil); err != nil {
		a.log.Warn("prune logs", "error", err)
	}
}

// logEnd writes how the command ended, and closes the log.
func (a *app) logEnd(level slog.Level, err error, took time.Duration) {
	if a.logFile == nil {
		return
	}
	if err != nil {
		origin, _ := fault.OriginOf(err)
		var problems profile.Problems
		errors.As(err, &problems)
		logfile.From(a.log, level, origin.PC, a.veil(problems).Text(err.Error()), "exit", int(fault.CodeOf(err)),
			"command", run.CommandOf(err), "child_exit", run.CodeOf(err))
	}
	a.log.Info("end", "exit", int(fault.CodeOf(err)), "duration", took.Round(time.Millisecond))
	err = a.logFile.Close()
	a.logFile, a.log = nil, slog.New(slog.DiscardHandler)
	if err != nil {
		a.say("note: %v", err)
	}
}
