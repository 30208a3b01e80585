package main

import (
	"context"
	"errors"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/generator/profile"
)

func (a *app) validateCommand() *cli.Command {
	return &cli.Command{
		Name:  "validate",
		Usage: "check the profile and everything that follows from it",
		Description: "Reports all problems at once, each with its place. With --json the answer is one\n" +
			"object {valid, problems, notices}. Exit code 3 if there is a problem.",
		Action: a.validate,
	}
}

// validation is what validate --json prints.
type validation struct {
	Valid    bool             `json:"valid"`
	Profile  string           `json:"profile"`
	Hosts    int              `json:"hosts"`
	Problems profile.Problems `json:"problems"`
	Notices  []notice         `json:"notices"`
}

type notice struct {
	Host string `json:"host"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}

func (a *app) validate(ctx context.Context, cmd *cli.Command) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	out := validation{Problems: profile.Problems{}, Notices: []notice{}}
	l, err := a.load()
	if err == nil {
		out.Profile, out.Hosts = l.name, len(l.profile.Hosts)
		err = a.check(ctx, l, &out)
	}
	var problems profile.Problems
	if err != nil && (!a.opts.json || !errors.As(err, &problems)) {
		return err
	}
	if !a.opts.json {
		a.say("%s: valid, %s", l.name, count(out.Hosts, "host"))
		return nil
	}
	out.Problems = append(out.Problems, problems...)
	out.Valid = len(problems) == 0
	if err := a.printJSON(out); err != nil {
		return err
	}
	return quiet(err)
}

// check generates the flake in memory, since some rules only show there.
func (a *app) check(ctx context.Context, l *loaded, out *validation) error {
	tree, err := a.generate(ctx, l)
	if err != nil {
		return err
	}
	for _, n := range tree.Notices {
		out.Notices = append(out.Notices, notice{Host: n.Host, File: n.Pos.File, Line: n.Pos.Line, Text: n.Text})
	}
	a.showNotices(tree)
	return nil
}
