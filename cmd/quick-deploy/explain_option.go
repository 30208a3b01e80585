package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/settings"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// explained is what there is to say about an option of a host.
type explained struct {
	Host    string         `json:"host"`
	User    string         `json:"user,omitempty"`
	Option  string         `json:"option"`
	Profile []profileLine  `json:"profile"`
	Files   []settingPlace `json:"files"`
	// Evaluated is what Nix makes of the flake on disk; nil where it was not asked or cannot tell.
	Evaluated *evaluated `json:"evaluated"`
}

// profileLine is a line of the profile that sets the option, or a part of it.
type profileLine struct {
	Place  string `json:"place"`
	Path   string `json:"path"`
	Option string `json:"option"`
	Value  string `json:"value"`
}

// settingPlace is a line of the flake that sets the option, or a part of it.
type settingPlace struct {
	Place  string `json:"place"`
	Option string `json:"option"`
	Value  string `json:"value"`
}

// evaluated is the answer of explain.nix. Value and Default have one element
// or, where there is nothing to show, none.
type evaluated struct {
	Exists       bool     `json:"exists"`
	Near         []string `json:"near,omitempty"`
	Type         string   `json:"type"`
	Value        []any    `json:"value"`
	Default      []any    `json:"default"`
	Declarations []string `json:"declarations"`
	Files        []string `json:"files"`
}

//go:embed explain.nix
var explainExpr string

func explainOptionFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "option", Usage: "KEY is an option of NixOS: show its value, default, module and what sets it"},
		&cli.StringFlag{Name: "user", Usage: "with --option, an option of the home of `NAME`"},
		&cli.BoolFlag{Name: "no-eval", Usage: "with --option, do not ask Nix"},
	}
}

func (a *app) explainOption(ctx context.Context, cmd *cli.Command, l *loaded, host, option string) error {
	path, err := nix.ParseAttrPath(option)
	if err != nil {
		return fault.New(fault.Usage, "%s is no option: %w", option, err)
	}
	a.opts.host = host
	if host, err = a.hostName(l); err != nil {
		return err
	}
	flake, err := a.generate(ctx, l)
	if err != nil {
		return err
	}
	e := explained{Host: host, User: cmd.String("user"), Option: option, Files: settingPlaces(flake, host, cmd.String("user"), path)}
	if e.Profile, err = profileLines(flake, host, e.User, path); err != nil {
		return err
	}
	if !cmd.Bool("no-eval") {
		if e.Evaluated, err = a.evaluate(ctx, host, e.User, path); err != nil {
			a.say("note: Nix was not asked: %v", err)
		}
	}
	if ev := e.Evaluated; ev != nil && !ev.Exists && len(e.Profile)+len(e.Files) == 0 {
		f := fault.New(fault.Usage, "%s has no option %s", host, option)
		if near := profile.Nearest(path[len(path)-1], ev.Near); near != "" {
			f.Hint("did you mean %s", strings.Join(append(slices.Clone(path[:len(path)-1]), near), "."))
		}
		return f
	}
	if a.opts.json {
		return a.printJSON(e)
	}
	return a.printExplained(e)
}

// touches reports whether two option paths are the same, or one lies within the other.
func touches(a, b []string) bool {
	n := min(len(a), len(b))
	return slices.Equal(a[:n], b[:n])
}

func profileLines(flake *generator.Tree, host, user string, path []string) ([]profileLine, error) {
	out := []profileLine{}
	for _, h := range flake.Hosts {
		if h.Name != host {
			continue
		}
		for _, o := range h.Options {
			if o.User != user || o.Node == nil || !touches(o.Path, path) {
				continue
			}
			line, err := lineOf(o)
			if err != nil {
				return nil, err
			}
			out = append(out, line)
		}
	}
	return out, nil
}

func lineOf(o mapping.Assignment) (profileLine, error) {
	text, err := nix.Print(o.Value)
	if err != nil {
		return profileLine{}, fmt.Errorf("print the value of %s: %w", strings.Join(o.Path, "."), err)
	}
	return profileLine{
		Place: o.Node.Pos.String(), Path: strings.ReplaceAll(strings.TrimPrefix(o.Node.Pointer, "/"), "/", "."),
		Option: strings.Join(o.Path, "."), Value: strings.Join(strings.Fields(string(text)), " "),
	}, nil
}

// settingPlaces are the lines of a host's files and of the modules it imports
// that set an option. What is in a module as a value of mkIf is not looked into.
func settingPlaces(flake *generator.Tree, host, user string, path []string) []settingPlace {
	out := []settingPlace{}
	for _, f := range flake.Files {
		if !belongs(flake, f.Path, host, user) {
			continue
		}
		list, err := settings.Read(f.Data)
		if err != nil {
			continue // a file that is no plain module says nothing here
		}
		for _, s := range list {
			have, err := nix.ParseAttrPath(s.Option)
			if err != nil || s.Option == "imports" || !touches(have, path) {
				continue
			}
			out = append(out, settingPlace{Place: fmt.Sprintf("%s:%d", f.Path, s.Line), Option: s.Option, Value: s.Value})
		}
	}
	return out
}

// belongs reports whether a file is one of a host's system, or of the home of one of its users.
func belongs(flake *generator.Tree, path, host, user string) bool {
	for _, h := range flake.Hosts {
		if h.Name != host {
			continue
		}
		home := ""
		homes := map[string]bool{}
		for _, u := range h.Users {
			if u.Home {
				homes["hosts/"+host+"/"+u.File] = true
			}
			if u.Home && u.Name == user {
				home = "hosts/" + host + "/" + u.File
			}
		}
		if user != "" {
			return path == home || strings.HasPrefix(path, "modules/home/")
		}
		if strings.HasPrefix(path, "modules/") {
			return slices.Contains(h.Modules, path)
		}
		return strings.HasPrefix(path, "hosts/"+host+"/") && strings.HasSuffix(path, ".nix") && !homes[path]
	}
	return false
}

// evaluate asks Nix about an option of the flake as it lies on disk.
func (a *app) evaluate(ctx context.Context, host, user string, path []string) (*evaluated, error) {
	runner := a.retrier(&run.Exec{Environ: os.Environ(), Log: a.log})
	if _, err := runner.LookPath("nix"); err != nil {
		return nil, err
	}
	if !exists(a.opts.flake + "/flake.nix") {
		return nil, fmt.Errorf("%s holds no flake yet", a.opts.flake)
	}
	list := nix.List{}
	for _, p := range path {
		list = append(list, nix.Str(p))
	}
	arg, err := nix.Print(list)
	if err != nil {
		return nil, fmt.Errorf("print the option's path: %w", err)
	}
	attr := fmt.Sprintf("nixosConfigurations.%q", host)
	if user != "" {
		attr = fmt.Sprintf("homeConfigurations.%q", user+"@"+host)
	}
	res, err := runner.Run(ctx, run.Command{
		Name: "nix", Timeout: 5 * time.Minute, Network: true,
		Args: []string{
			"--extra-experimental-features", "nix-command flakes", "eval", "--json", "--no-update-lock-file",
			"--apply", "(" + explainExpr + ") " + string(arg), a.opts.flake + "#" + attr,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("evaluate the flake: %w", err)
	}
	var out evaluated
	if err := json.Unmarshal([]byte(res.Stdout), &out); err != nil {
		return nil, fmt.Errorf("read what Nix evaluated: %w", err)
	}
	return &out, nil
}

func (a *app) printExplained(e explained) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, e.Option)
	if ev := e.Evaluated; ev != nil && ev.Exists {
		for _, row := range []struct {
			name string
			list []any
		}{{"value", ev.Value}, {"default", ev.Default}} {
			for _, v := range row.list {
				text, err := json.Marshal(v)
				if err != nil {
					return fmt.Errorf("show %s: %w", e.Option, err)
				}
				fmt.Fprintf(w, "  %s\t%s\n", row.name, text)
			}
		}
		if ev.Type != "" {
			fmt.Fprintf(w, "  type\t%s\n", ev.Type)
		}
		for _, d := range ev.Declarations {
			fmt.Fprintf(w, "  declared in\t%s\n", afterSource(d))
		}
		for _, f := range ev.Files {
			fmt.Fprintf(w, "  defined in\t%s\n", afterSource(f))
		}
	}
	for _, p := range e.Profile {
		fmt.Fprintf(w, "  profile\t%s\t%s\t%s = %s\n", p.Place, p.Path, p.Option, p.Value)
	}
	for _, f := range e.Files {
		fmt.Fprintf(w, "  flake\t%s\t\t%s = %s\n", f.Place, f.Option, f.Value)
	}
	if len(e.Profile)+len(e.Files) == 0 {
		fmt.Fprintf(w, "  neither the profile nor the catalogue's modules set it\n")
	}
	return w.Flush()
}

// afterSource is a file of a flake in the store without the folder of the store.
func afterSource(path string) string {
	if _, rest, ok := strings.Cut(path, "-source/"); ok {
		return rest
	}
	return path
}
