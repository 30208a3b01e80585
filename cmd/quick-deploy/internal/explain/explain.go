// Package explain says where a setting comes from: which lines of the profile and of the flake
// set an option, and what Nix makes of it.
package explain

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/nix/syntax"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Option is what there is to say about an option of a host.
type Option struct {
	Host   string `json:"host"`
	User   string `json:"user,omitempty"`
	Option string `json:"option"`

	path []string

	Profile []Line `json:"profile"`
	Files   []Line `json:"files"`
	// Evaluated is what Nix makes of the flake on disk; nil where it was not asked or cannot tell.
	Evaluated *Evaluated `json:"evaluated"`
}

// Line is a line of the profile or of the flake that sets the option, or a part of it.
type Line struct {
	Place  string `json:"place"`
	Path   string `json:"path,omitempty"` // in the profile
	Option string `json:"option"`
	Value  string `json:"value"`
}

// Evaluated is the answer of explain.nix. Value and Default have one element
// or, where there is nothing to show, none.
type Evaluated struct {
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

// New looks an option of a host up in the profile and in the generated files. User is "" for an
// option of the system.
func New(h generator.Host, files []generator.File, user, option string) (*Option, error) {
	path, err := nix.ParseAttrPath(option)
	if err != nil {
		return nil, fault.New(fault.Usage, "%s is not a valid option: %w", option, err)
	}
	lines, err := profileLines(h, user, path)
	if err != nil {
		return nil, err
	}
	return &Option{
		Host: h.Name, User: user, Option: option, path: path,
		Profile: lines, Files: flakeLines(files, h, user, path),
	}, nil
}

// Missing is an error if nothing has the option.
func (o *Option) Missing() error {
	if o.Evaluated == nil || o.Evaluated.Exists || len(o.Profile)+len(o.Files) > 0 {
		return nil
	}
	e := fault.New(fault.Usage, "%s has no option %s", o.Host, o.Option)
	parent, name := o.path[:len(o.path)-1], o.path[len(o.path)-1]
	if near := profile.Nearest(name, o.Evaluated.Near); near != "" {
		e.Hint("did you mean %s", strings.Join(append(slices.Clone(parent), near), "."))
	}
	return e
}

// Untold reports whether Nix has not told of the option, and nothing sets it.
func (o *Option) Untold() bool { return o.Evaluated == nil && len(o.Profile)+len(o.Files) == 0 }

// Check says what is wrong with the option's name by a list of names; nil for nothing. A set of options is right, too.
func (o *Option) Check(names *index.List) *index.Fault {
	wrong := names.Check(o.path, nix.Attrs{})
	if wrong == nil || wrong.Value {
		return nil
	}
	return wrong
}

// touches reports whether two option paths are the same, or one lies within the other.
func touches(a, b []string) bool {
	n := min(len(a), len(b))
	return slices.Equal(a[:n], b[:n])
}

func profileLines(h generator.Host, user string, path []string) ([]Line, error) {
	out := []Line{}
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
	return out, nil
}

func lineOf(o mapping.Assignment) (Line, error) {
	text, err := nix.Print(o.Value)
	if err != nil {
		return Line{}, fmt.Errorf("print the value of %s: %w", strings.Join(o.Path, "."), err)
	}
	return Line{
		Place: o.Node.Pos.String(), Path: strings.ReplaceAll(strings.TrimPrefix(o.Node.Pointer, "/"), "/", "."),
		Option: strings.Join(o.Path, "."), Value: strings.Join(strings.Fields(string(text)), " "),
	}, nil
}

// flakeLines are the lines of a host's files and of the modules it imports
// that set an option. What is in a module as a value of mkIf is not looked into.
func flakeLines(files []generator.File, h generator.Host, user string, path []string) []Line {
	out := []Line{}
	for _, f := range files {
		if !belongs(h, user, f.Path) {
			continue
		}
		list, err := syntax.Settings(string(f.Data), false)
		if err != nil {
			continue // a file that is no plain module says nothing here
		}
		for _, s := range list {
			have, err := nix.ParseAttrPath(s.Option)
			if err != nil || s.Option == "imports" || !touches(have, path) {
				continue
			}
			out = append(out, Line{Place: fmt.Sprintf("%s:%d", f.Path, s.Line), Option: s.Option, Value: s.Value})
		}
	}
	return out
}

// belongs reports whether a file is one of a host's system, or of the home of one of its users.
func belongs(h generator.Host, user, path string) bool {
	dir := "hosts/" + h.Name + "/"
	isHome := func(u generator.User) bool {
		return u.Home && path == dir+u.File && (user == "" || u.Name == user)
	}
	switch {
	case user != "":
		return slices.ContainsFunc(h.Users, isHome) || strings.HasPrefix(path, "modules/home/")
	case strings.HasPrefix(path, "modules/"):
		return slices.Contains(h.Modules, path)
	}
	return strings.HasPrefix(path, dir) && strings.HasSuffix(path, ".nix") && !slices.ContainsFunc(h.Users, isHome)
}

// Evaluate asks Nix about the option in the flake as it lies in dir.
func (o *Option) Evaluate(ctx context.Context, runner run.Runner, dir string) error {
	list := nix.List{}
	for _, p := range o.path {
		list = append(list, nix.Str(p))
	}
	arg, err := nix.Print(list)
	if err != nil {
		return fmt.Errorf("print the option's path: %w", err)
	}
	attr := fmt.Sprintf("nixosConfigurations.%q", o.Host)
	if o.User != "" {
		attr = fmt.Sprintf("homeConfigurations.%q", o.User+"@"+o.Host)
	}
	res, err := runner.Run(ctx, run.Command{
		Name: "nix", Timeout: 5 * time.Minute, Network: true,
		Args: []string{
			"--extra-experimental-features", "nix-command flakes", "eval", "--json", "--no-update-lock-file",
			"--apply", "(" + explainExpr + ") " + string(arg), dir + "#" + attr,
		},
	})
	if err != nil {
		return &EvaluateError{Err: err, Said: nixlog.Read(res.Stderr)}
	}
	var out Evaluated
	if err := json.Unmarshal([]byte(res.Stdout), &out); err != nil {
		return fmt.Errorf("read what Nix evaluated: %w", err)
	}
	o.Evaluated = &out
	return nil
}

// EvaluateError is Nix that could not tell about an option, with what it said.
type EvaluateError struct {
	Err  error
	Said nixlog.Output
}

// Error is the line that says why; the command that failed is in the chain.
func (e *EvaluateError) Error() string { return cmp.Or(e.Said.Cause.Line(), "nix eval failed") }
func (e *EvaluateError) Unwrap() error { return e.Err }

// WriteText writes it as a table, whose cells end with tabs.
func (o *Option) WriteText(w io.Writer) {
	fmt.Fprintln(w, o.Option)
	if ev := o.Evaluated; ev != nil && ev.Exists {
		for _, row := range []struct {
			name string
			list []any
		}{{"value", ev.Value}, {"default", ev.Default}} {
			for _, v := range row.list {
				text, _ := json.Marshal(v) // it came as JSON
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
	for _, in := range []struct {
		name  string
		lines []Line
	}{{"profile", o.Profile}, {"flake", o.Files}} {
		for _, l := range in.lines {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s = %s\n", in.name, l.Place, l.Path, l.Option, l.Value)
		}
	}
	if len(o.Profile)+len(o.Files) == 0 {
		fmt.Fprintf(w, "  neither the profile nor the flake sets it\n")
	}
}

// afterSource is a file of a flake in the store without the folder of the store.
func afterSource(path string) string {
	if _, rest, ok := strings.Cut(path, "-source/"); ok {
		return rest
	}
	return path
}
