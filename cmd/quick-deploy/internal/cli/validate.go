package cli

import (
	"context"
	"errors"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

var _ = register(20, validateCommand)

func validateCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:  "validate",
		Usage: "check the profile and everything that follows from it",
		Description: described(`
Reports all problems at once, each with its place. With --json the answer is one
object {valid, problems, notices}. Exit code 3 if there is a problem.`,
			"quick-deploy validate", "quick-deploy --profile fleet.yaml --json validate"),
		Action: noArgs(func(ctx context.Context) error { return validate(ctx, a) }),
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

func validate(ctx context.Context, a *app.App) error {
	out := validation{Problems: profile.Problems{}, Notices: []notice{}}
	l, err := a.Load()
	if l != nil {
		out.Profile = l.Name
	}
	if err == nil {
		out.Hosts = len(l.Profile.Hosts)
		err = checkProfile(ctx, a, l, &out)
	}
	if !a.JSON {
		if err == nil {
			a.Say("%s: valid, %s", l.Name, term.Count(out.Hosts, "host"))
		}
		return err
	}
	var problems profile.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	out.Problems, out.Valid = append(out.Problems, a.Seen.Veil(problems).Problems(problems)...), len(problems) == 0
	if printed := a.PrintJSON(out); printed != nil {
		return printed
	}
	return err
}

// checkProfile generates the flake in memory, since some rules only show there.
func checkProfile(ctx context.Context, a *app.App, l *app.Loaded, out *validation) error {
	tree, err := app.Generate(ctx, a, l, false)
	if err != nil {
		return err
	}
	for _, n := range tree.Notices {
		out.Notices = append(out.Notices, notice{Host: n.Host, File: n.Pos.File, Line: n.Pos.Line, Text: n.Text})
	}
	app.ShowNotices(a, tree)
	return nil
}
