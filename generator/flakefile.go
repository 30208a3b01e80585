package generator

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// DefaultRelease is the NixOS release of a profile that names none.
const DefaultRelease = "26.05"

// DefaultSystem is the platform of a host that was not probed and names none.
const DefaultSystem = "x86_64-linux"

func release(p *profile.Profile) string { return cmp.Or(p.Release, DefaultRelease) }

// flakeFiles writes flake.nix and flake.lock, and says which inputs the profile pins.
func flakeFiles(in Input, fleet Fleet, hosts []*host) ([]File, map[string]profile.Pos, error) {
	var extra []string
	if name := fleet.Engine.input(); name != "" {
		extra = append(extra, name)
	}
	from, err := sources(in, hosts, extra)
	if err != nil {
		return nil, nil, err
	}
	var inputs []flake.Input
	pinned := map[string]profile.Pos{}
	for _, s := range from {
		inputs = append(inputs, s.inputs...)
		maps.Copy(pinned, s.pinned)
	}
	lock, err := flake.Lock(inputs)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range hosts {
		h.summary.Modules = moduleFiles(h)
		h.summary.Inputs = h.inputNames(from)
	}
	text, err := printFlake(fleet, hosts, from, inputs)
	if err != nil {
		return nil, nil, err
	}
	return []File{
		{Path: "flake.nix", Data: text.Source, Lines: text.Lines},
		{
			Path: "flake.lock", Data: lock, Beside: "flake.nix",
			Adapt: func(have []byte) ([]byte, error) { return flake.Relock(have, inputs) },
		},
	}, pinned, nil
}

func moduleFiles(h *host) []string {
	out := sortedKeys(h.modules)
	for i := range out {
		out[i] = "modules/" + out[i]
	}
	return out
}

// inputNames are the inputs that the host's system and homes are built from.
func (h *host) inputNames(from []source) []string {
	names := map[string]bool{"nixpkgs": true}
	for name := range h.inputs {
		names[name] = true
	}
	if h.hasHome() {
		names["home-manager"] = true
	}
	out := sortedKeys(names)
	for _, s := range from {
		if s.name != h.channel.name || s.renamed == nil {
			continue
		}
		for i, name := range out {
			out[i] = s.renamed[name]
		}
	}
	return out
}

func (h *host) hasHome() bool {
	return slices.ContainsFunc(h.summary.Users, func(u User) bool { return u.Home })
}

//go:embed flake.nix.tmpl
var flakeTemplate string

// printFlake fills flake.nix.tmpl: hosts and homes go through one small function each there, so
// that every one is built alike.
func printFlake(fleet Fleet, hosts []*host, from []source, inputs []flake.Input) (nix.Printed, error) {
	type channel struct {
		Name   string
		Inputs []nix.Binding
	}
	data := struct {
		Inputs, Configurations, Checks, Meta, Nodes []nix.Binding
		Channels                                    []channel
		Params, Systems                             []string
		Engine, Main                                string
		From                                        string // where functions take nixpkgs from
		Homes, AllowApplyAll                        bool
	}{
		Homes: slices.ContainsFunc(hosts, (*host).hasHome), Engine: string(fleet.Engine),
		Main: mainSystem(hosts), AllowApplyAll: fleet.AllowApplyAll, Params: []string{"self"},
	}
	data.Inputs = []nix.Binding{{Path: []string{"description"}, Value: nix.Str(description(hosts))}}
	for _, b := range flake.InputsExpr(inputs) {
		b.Path = append([]string{"inputs"}, b.Path...)
		data.Inputs = append(data.Inputs, b)
	}
	for _, s := range from[1:] {
		c := channel{Name: nix.FormatAttrPath([]string{s.name})}
		for _, name := range sortedKeys(s.renamed) {
			c.Inputs = append(c.Inputs, nix.Binding{Path: []string{name}, Value: nix.Ref{"inputs", s.renamed[name]}})
		}
		data.Channels, data.From = append(data.Channels, c), "inputs."
	}
	for _, in := range from[0].inputs {
		// With channels, functions take the inputs of the host's own.
		if in.Name == "nixpkgs" || in.Name == "home-manager" && data.Channels == nil || in.Name == fleet.Engine.input() {
			data.Params = append(data.Params, in.Name)
		}
	}
	systems := map[string]bool{}
	for _, h := range hosts {
		h.perChannel = data.Channels != nil
		configurations, checks := hostOutputs(h)
		data.Configurations, data.Checks = append(data.Configurations, configurations...), append(data.Checks, checks...)
		systems[h.summary.System] = true
	}
	slices.SortStableFunc(data.Configurations, func(a, b nix.Binding) int { return strings.Compare(b.Path[0], a.Path[0]) })
	data.Systems = sortedKeys(systems)
	switch fleet.Engine {
	case Colmena:
		data.Meta, data.Nodes = colmenaNodes(data.Main, hosts)
	case DeployRS:
		data.Nodes = deployNodes(hosts)
	}
	if fleet.Engine != DeployRS {
		for i := range data.Checks {
			data.Checks[i].Path = append([]string{"checks"}, data.Checks[i].Path...)
		}
	}

	var text flakeText
	if err := text.fill(data); err != nil {
		return nix.Printed{}, fmt.Errorf("print flake.nix: %w", err)
	}
	return nix.Printed{Source: text.Bytes(), Lines: text.origins}, nil
}

var lineStart = regexp.MustCompile(`(?m)^.`)

// flakeText is flake.nix as far as it is written, and where its lines come from.
type flakeText struct {
	bytes.Buffer
	origins []string
}

func (t *flakeText) fill(data any) error {
	tmpl, err := template.New("flake.nix").Funcs(template.FuncMap{
		"bindings": func(columns int, bs []nix.Binding) (string, error) { return t.bindings(columns, bs, false) },
		"apart":    func(columns int, bs []nix.Binding) (string, error) { return t.bindings(columns, bs, true) },
	}).Parse(flakeTemplate)
	if err != nil {
		return err
	}
	if err := tmpl.Execute(t, data); err != nil {
		return err
	}
	t.reach()
	return nil
}

// reach makes the list of origins as long as what is written has lines.
func (t *flakeText) reach() {
	lines := bytes.Count(t.Bytes(), []byte{'\n'})
	t.origins = append(t.origins, make([]string, max(0, lines-len(t.origins)))...)
}

// bindings prints bindings at an indentation, with empty lines between them where they stand apart.
// The template writes as it goes: all before them is written.
func (t *flakeText) bindings(columns int, bs []nix.Binding, apart bool) (string, error) {
	set, err := nix.Nest(bs)
	if err != nil || len(bs) == 0 {
		return "", err
	}
	for i := range set.Body {
		set.Body[i].Blank = set.Body[i].Blank || apart
	}
	printed, err := nix.File{Body: set}.Print()
	if err != nil {
		return "", err
	}
	// The set's own braces are on the first line and the last.
	inner := bytes.TrimSuffix(bytes.TrimPrefix(printed.Source, []byte("{\n")), []byte("}\n"))
	t.reach()
	t.origins = append(t.origins, printed.Lines[1:len(printed.Lines)-1]...)
	indent := strings.Repeat(" ", columns-2)
	return lineStart.ReplaceAllString(string(inner), indent+"$0"), nil
}

func description(hosts []*host) string {
	if len(hosts) > 4 {
		return fmt.Sprintf("NixOS configurations of %d machines", len(hosts))
	}
	var names []string
	for _, h := range hosts {
		names = append(names, h.profile.Name)
	}
	return "NixOS configuration of " + strings.Join(names, ", ")
}

func (h *host) dir() string { return "./hosts/" + h.profile.Name + "/" }

// from is a call of one of the flake's functions, with the inputs of the host's
// channel where the flake has several.
func (h *host) from(function string) nix.Call {
	c := nix.Call{Fn: nix.Ref{function}}
	switch {
	case h.channel.name != "":
		c.Args = append(c.Args, nix.Ref{"channels", h.channel.name})
	case h.perChannel:
		c.Args = append(c.Args, nix.Ref{"inputs"})
	}
	return c
}

// hostOutputs are the configurations of a host and of its homes, and the
// checks that build them, by platform.
func hostOutputs(h *host) (configurations, checks []nix.Binding) {
	name, origin := h.profile.Name, h.profile.Node.Origin()
	system := h.from("mkHost")
	system.Args = append(system.Args, nix.Path(h.dir()+"configuration.nix"))
	configurations = append(configurations, nix.Binding{Path: []string{"nixosConfigurations", name}, Origin: origin, Value: system})
	checks = append(checks, nix.Binding{
		Path: []string{h.summary.System, name}, Origin: origin,
		Value: nix.Ref{"self", "nixosConfigurations", name, "config", "system", "build", "toplevel"},
	})
	for _, u := range h.summary.Users {
		if !u.Home {
			continue
		}
		target := u.Name + "@" + name
		home := h.from("mkHome")
		home.Args = append(home.Args, nix.Ref{"self", "nixosConfigurations", name}, nix.Path(h.dir()+u.File))
		configurations = append(configurations, nix.Binding{Path: []string{"homeConfigurations", target}, Origin: origin, Value: home})
		checks = append(checks, nix.Binding{
			Path: []string{h.summary.System, target}, Origin: origin,
			Value: nix.Ref{"self", "homeConfigurations", target, "activationPackage"},
		})
	}
	return configurations, checks
}
