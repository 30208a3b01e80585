package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/picker"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/search"
)

var _ = register(165, searchCommand)

func searchCommand(a *app.App) *cli.Command {
	var o searchOptions
	return &cli.Command{
		Name:      "search",
		Usage:     "find services, packages and options by words, and add them to the profile",
		ArgsUsage: "WORD...",
		Description: described(`
Looks through the catalogue, its bundles, the keys of the profile, all packages, and the
options of NixOS and home-manager, offline. It goes by names and by what people call things:
"web server" finds nginx. On a terminal you can go on typing, and Enter adds the chosen entry
to the profile.`,
			"quick-deploy search web server", "quick-deploy search --kind option wake on lan",
			"quick-deploy --json search --limit 5 clipboard manager", "quick-deploy search --add htop"),
		Flags: []cli.Flag{
			&cli.IntFlag{
				Name: "limit", Usage: "show at most `N` (default 10, with --json 20)", HideDefault: true,
				Destination: &o.Limit, Validator: atLeastOne,
			},
			&cli.StringFlag{Name: "kind", Usage: "look only for `KIND`: service, key, bundle, package, option or home",
				Destination: &o.Kind, Validator: aKind},
			plainFlag("add", "add the entry with exactly this name to the profile", &o.Add),
		},
		ShellComplete: words{"kind": oneOf(kindNames()...)}.complete(a),
		Action: anyArgs(func(ctx context.Context, args []string) error {
			if len(args) == 0 {
				return fault.New(fault.Usage, "search needs a word").Hint("quick-deploy search web server")
			}
			return searchNames(ctx, a, strings.Join(args, " "), o)
		}),
	}
}

// searchOptions are the flags of search.
type searchOptions struct {
	Limit int
	Kind  string // "" for all
	Add   bool
}

func atLeastOne(n int) error {
	if n < 1 {
		return errors.New("it has to be at least 1")
	}
	return nil
}

func kindNames() []string {
	var names []string
	for _, k := range search.Kinds() {
		names = append(names, string(k))
	}
	return names
}

func aKind(name string) error {
	if names := kindNames(); !slices.Contains(names, name) {
		return fmt.Errorf("unknown kind; %s", profile.DidYouMean(name, names))
	}
	return nil
}

// searchResult is what search --json prints.
type searchResult struct {
	Words string `json:"words"`
	// Instead are the words that were looked for where nothing had those.
	Instead string `json:"instead,omitempty"`
	Release string `json:"release"`
	// Exact says that the names are those of the very revisions that are pinned.
	Exact bool `json:"exact"`
	// Total is how many fit; Hits may be fewer.
	Total int          `json:"total"`
	Hits  []search.Hit `json:"hits"`
}

// searchNames finds what words ask for, and shows it or lets somebody choose.
func searchNames(ctx context.Context, a *app.App, words string, o searchOptions) error {
	names, err := a.Names(ctx)
	if err != nil {
		return err
	}
	s := search.New(names)
	var kinds []search.Kind
	if o.Kind != "" {
		kinds = append(kinds, search.Kind(o.Kind))
	}
	switch {
	case o.Add:
		return addNamed(ctx, a, s, words, kinds)
	case !a.JSON && term.Is(a.Out) && !a.PlainForms():
		return pick(ctx, a, s, words, kinds, note(names))
	}
	limit := o.Limit
	if limit == 0 {
		if limit = 10; a.JSON {
			limit = 20
		}
	}
	found, err := s.Find(words, limit, kinds...)
	if err != nil {
		return err
	}
	if found.Instead != "" {
		a.Say("nothing found for %q; showing results for %q", words, found.Instead)
	}
	out := searchResult{words, found.Instead, names.Release(), names.Exact(), found.Total, found.Hits}
	if err := a.Print(out, out.writeText); err != nil {
		return err
	}
	if found.Total == 0 {
		return fault.New(fault.Usage, "nothing found for %q", words).Hint("try fewer words, or other ones")
	}
	if more := found.Total - len(found.Hits); more > 0 && !a.JSON {
		a.Say("%d more: add --limit %d", more, found.Total)
	}
	if text := note(names); text != "" && !a.JSON {
		a.Say("%s", text)
	}
	return nil
}

// note says whose names these are, if not those of the pins.
func note(names *index.Index) string {
	what := "names"
	switch {
	case names.Exact():
		return ""
	case names.List(index.Package).Exact():
		what = "options"
	}
	return fmt.Sprintf("note: these are the %s that ship with quick-deploy for %s; yours may differ a little",
		what, names.Release())
}

func (r searchResult) writeText(w io.Writer) {
	const room = 60 // for what something is
	if len(r.Hits) == 0 {
		return
	}
	fmt.Fprintln(w, "KIND\tNAME\tWHAT IT IS\tIN THE PROFILE")
	for _, h := range r.Hits {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", h.Kind, h.Name, ansi.Truncate(about(h), room, "…"), h.How)
	}
}

// about is what a hit is, or else what an option takes.
func about(h search.Hit) string { return cmp.Or(h.About, takes(h)) }

// takes is what an option takes, and what it is without the profile.
func takes(h search.Hit) string {
	if h.Default == "" {
		return h.Type
	}
	return h.Type + ", default " + h.Default
}

// pick shows what is found while words are typed, and adds what is chosen to the profile.
func pick(ctx context.Context, a *app.App, s *search.Searcher, words string, kinds []search.Kind, note string) error {
	const most = 200 // that anybody scrolls through
	var found search.Result
	var failed error
	p := picker.Picker{
		In: a.In, Out: a.Err.Raw(), Enter: "add to the profile",
		Find: func(words string) picker.List {
			found, failed = s.Find(words, most, kinds...)
			list := picker.List{Note: note}
			switch {
			case found.Instead != "":
				list.Note = fmt.Sprintf("nothing found for %q; showing results for %q", words, found.Instead)
			case found.Total == 0:
				list.Note = "nothing found"
			}
			for _, h := range found.Hits {
				item := picker.Item{Kind: string(h.Kind), Name: h.Name, About: about(h)}
				for _, line := range []string{h.About, takes(h), h.How} {
					if line != "" {
						item.Details = append(item.Details, line)
					}
				}
				list.Items = append(list.Items, item)
			}
			return list
		},
	}
	at, err := p.Choose(ctx, words)
	if err = cmp.Or(err, failed); err != nil || at < 0 {
		return err
	}
	return addHit(ctx, a, found.Hits[at])
}

// addNamed adds what has exactly this name.
func addNamed(ctx context.Context, a *app.App, s *search.Searcher, name string, kinds []search.Kind) error {
	const enough = 200
	found, err := s.Find(name, enough, kinds...)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(found.Hits, func(h search.Hit) bool { return h.Name == name })
	if i >= 0 {
		return addHit(ctx, a, found.Hits[i])
	}
	e := fault.New(fault.Usage, "unknown name %q", name)
	if len(found.Hits) > 0 {
		return e.Hint("the nearest is %s; quick-deploy search %s lists more", found.Hits[0].Name, name)
	}
	return e.Hint("quick-deploy search finds names by words")
}

// addHit writes what was found into the profile. Where there is none, or only the user knows a value, it says how.
func addHit(ctx context.Context, a *app.App, h search.Hit) error {
	l, host, err := a.LoadHost()
	var none *app.NoProfileError
	if errors.As(err, &none) {
		a.Say("no profile found: quick-deploy init writes one, and this goes into it:")
		return printHow(a, h)
	}
	if err != nil {
		return err
	}
	if l.Builtin {
		a.Say("the built-in profile is not in a file: quick-deploy init writes one, and this goes into it:")
		return printHow(a, h)
	}
	to := search.Place{Host: host, Merged: l.Node(host)}
	if to.Text, err = regular.Read(l.Name); err != nil {
		return fault.New(fault.Profile, "read the profile: %w", err)
	}
	if to.Root, err = profile.Parse(l.Name, to.Text); err != nil {
		return err
	}
	return addTo(ctx, a, l, to, h)
}

// printHow prints how a hit is written in the profile.
func printHow(a *app.App, h search.Hit) error {
	return a.Print(h, func(w io.Writer) { fmt.Fprintln(w, h.How) })
}
