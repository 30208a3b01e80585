package app

import (
	"context"
	"errors"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

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

// Validate checks the profile and everything that follows from it.
func Validate(ctx context.Context, a *App) error {
	out := validation{Problems: profile.Problems{}, Notices: []notice{}}
	l, err := a.load()
	if l != nil {
		out.Profile = l.name
	}
	if err == nil {
		out.Hosts = len(l.profile.Hosts)
		err = checkProfile(ctx, a, l, &out)
	}
	if !a.JSON {
		if err == nil {
			a.Say("%s: valid, %s", l.name, term.Count(out.Hosts, "host"))
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
func checkProfile(ctx context.Context, a *App, l *loaded, out *validation) error {
	tree, err := generate(ctx, a, l)
	if err != nil {
		return err
	}
	for _, n := range tree.Notices {
		out.Notices = append(out.Notices, notice{Host: n.Host, File: n.Pos.File, Line: n.Pos.Line, Text: n.Text})
	}
	showNotices(a, tree)
	if out.Unchecked = tree.Unchecked; out.Unchecked > 0 {
		a.Say("note: %s named by path, not checked; --options and --home-options name lists to check them against",
			term.Count(out.Unchecked, "option"))
	}
	return nil
}
