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
	Notices  []app.Notice     `json:"notices"`
}

// warnings counts them for the last line, "" if there are none.
func (v validation) warnings() string {
	n := 0
	for _, notice := range v.Notices {
		if notice.Severity == "warning" {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return ", " + term.Count(n, "warning")
}

func validate(ctx context.Context, a *app.App) error {
	out := validation{Problems: profile.Problems{}, Notices: []app.Notice{}}
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
			a.Say("%s: valid, %s%s", l.Name, term.Count(out.Hosts, "host"), out.warnings())
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
	out.Notices = app.NoticesOf(tree)
	app.ShowNotices(a, tree)
	return nil
}
