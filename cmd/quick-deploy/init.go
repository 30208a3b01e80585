package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/schema"
)

// schemaFile is the copy of the schema that lies beside a profile for editors.
const schemaFile = ".quick-deploy.schema.json"

func (a *app) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "write a first profile for this machine",
		Description: "The profile is short and commented, and filled in with what the machine tells. An existing\n" +
			"one is never overwritten. " + schemaFile + " beside it is what editors check it with.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "preset", Usage: "start from the preset `NAME`", Value: "minimal"},
		},
		Action: a.initAction,
	}
}

func (a *app) initAction(_ context.Context, cmd *cli.Command) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	path := a.opts.profile
	if path == "" {
		path = "quick-deploy.yaml"
	}
	answers := starter.For(machine.Read(a.opts.root), cmd.String("preset"))
	answers.Schema = schemaFile
	text, err := starter.Profile(answers)
	if err != nil {
		return err
	}
	if _, err := a.loadText(path, text); err != nil {
		return err
	}
	if a.opts.dryRun {
		_, err := a.stdout.Write(text)
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fault.New(fault.Usage, "%s exists and is left as it is", path).
			Hint("edit it, or write another one with --profile FILE")
	}
	bundle, err := schema.Bundle()
	if err != nil {
		return err
	}
	w := atomic.Writer{}
	if err := w.WriteFile(filepath.Join(filepath.Dir(path), schemaFile), bundle, 0o644); err != nil {
		return err
	}
	if err := w.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	a.say("%s: written; look it over, then quick-deploy diff and quick-deploy switch", path)
	return nil
}
