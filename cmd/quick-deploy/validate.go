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
	// Unchecked is how many options were named by their paths and not checked.
	Unchecked int `json:"uncheckedOptions"`
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
	if l != nil {
		out.Profile = l.name
	}
	if err == nil {
		out.Hosts = len(l.profile.Hosts)
		err = a.check(ctx, l, &out)
	}
	if !a.opts.json {
		if err == nil {
			a.say("%s: valid, %s", l.name, count(out.Hosts, "host"))
		}
		return err
	}
	var problems profile.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	out.Problems, out.Valid = append(out.Problems, a.veil(problems).Problems(problems)...), len(problems) == 0
	if printed := a.printJSON(out); printed != nil {
		return printed
	}
	return err
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
	if out.Unchecked = tree.Unchecked; out.Unchecked > 0 {
		a.say("note: %s named by path, not checked; --options and --home-options name lists to check them against", count(out.Unchecked, "option"))
	}
	return nil
}
