package generator

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
)

// DefaultRelease is the NixOS release of a profile that names none.
func DefaultRelease() string { return release.Default() }

// DefaultSystem is the platform of a host that was not probed and names none.
const DefaultSystem = "x86_64-linux"

func releaseOf(p *profile.Profile) string { return cmp.Or(p.Release, release.Default()) }

// flakeFiles writes flake.nix and flake.lock, and says which inputs the profile pins. Hosts that are not all good are
// not compared with each other.
func flakeFiles(in Input, fleet Fleet, hosts []*host, good bool) ([]File, map[string]profile.Pos, error) {
	from, pinned, err := sources(in, hosts)
	if err != nil {
		return nil, nil, err
	}
	var inputs []flake.Input
	for _, s := range from {
		inputs = append(inputs, s.inputs...)
	}
	lock, err := flake.Lock(inputs)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range hosts {
		for _, name := range sortedKeys(h.inputs) {
			h.summary.Inputs = append(h.summary.Inputs, h.channel.inputName(name))
		}
	}
	var shared []nix.Binding
	if in.shared && good {
		if shared, err = sharedPackages(in.Profile, hosts); err != nil {
			return nil, nil, err
		}
	}
	if in.NoFiles {
		return nil, pinned, nil
	}
	text, err := printFlake(fleet, hosts, from, inputs, shared)
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

//go:embed flake.nix.tmpl
var flakeTemplate string

// flakeData fills flake.nix.tmpl. A flake of one host that needs nothing more names its outputs; any other
// has a set of hosts, and derives them.
type flakeData struct {
	Inputs []nix.Binding // description and inputs
	Params []string      // the inputs that outputs takes by name

	Configurations, Checks []nix.Binding // of the only host

	Fleet    bool
	Hosts    []nix.Binding
	Channels []channelInputs
	// Shared is what the package set of all hosts is made with, SharedFrom what leads to its nixpkgs.
	Shared     []nix.Binding
	SharedFrom string

	Systems       []string
	Homes         bool
	Engine        Engine
	AllowApplyAll bool
	SSHPort       int
	Tool          string // the input that is quick-deploy; empty if no host has it
}

type channelInputs struct {
	Name   string
	Inputs []nix.Binding
}

// Of leads to the inputs of what is called host in the template: with channels, each host has its own.
func (d flakeData) Of(host string) string {
	if d.Channels == nil {
		return ""
	}
	return host + ".inputs."
}

func printFlake(
	fleet Fleet, hosts []*host, from []source, inputs []flake.Input, shared []nix.Binding,
) (nix.Printed, error) {
	data := flakeData{
		Fleet:  len(hosts) > 1 || len(from) > 1 || fleet.Engine != NixosRebuild || shared != nil,
		Shared: shared,
		Homes:  slices.ContainsFunc(hosts, func(h *host) bool { return len(h.withHome()) > 0 }),
		Params: []string{"self"},
		Engine: fleet.Engine, AllowApplyAll: fleet.AllowApplyAll, SSHPort: sshPort,
	}
	for _, h := range hosts {
		if data.Tool == "" && h.inputs[flake.Tool] {
			data.Tool = h.channel.inputName(flake.Tool)
		}
	}
	data.Inputs = []nix.Binding{bind(nix.Str(description(hosts)), "description")}
	for _, b := range flake.Bindings(inputs) {
		data.Inputs = append(data.Inputs, below("inputs", b))
	}
	for _, s := range from[1:] {
		c := channelInputs{Name: nix.FormatAttrPath([]string{s.name})}
		for _, name := range slices.Sorted(slices.Values(s.names)) {
			c.Inputs = append(c.Inputs, bind(nix.Ref{"inputs", s.inputName(name)}, name))
		}
		data.Channels = append(data.Channels, c)
	}
	if name := hosts[0].channel.name; shared != nil && name != "" {
		data.SharedFrom = "channels." + nix.FormatAttrPath([]string{name}) + "."
	}
	for _, in := range from[0].inputs {
		// With channels, functions take the inputs of the host's own.
		if in.Name == "nixpkgs" || in.Name == "home-manager" && data.Channels == nil ||
			in.Name == fleet.Engine.input() {
			data.Params = append(data.Params, in.Name)
		}
	}
	systems := map[string]bool{}
	for _, h := range hosts {
		data.Hosts = append(data.Hosts, h.entry())
		systems[h.summary.System] = true
	}
	data.Systems = sortedKeys(systems)
	if !data.Fleet {
		data.Configurations, data.Checks = hosts[0].outputs()
	}
	var text flakeText
	if err := text.fill(data); err != nil {
		return nix.Printed{}, fmt.Errorf("print flake.nix: %w", err)
	}
	return nix.Printed{Source: text.Bytes(), Lines: text.origins}, nil
}

// below is b in the set of a name.
func below(name string, b nix.Binding) nix.Binding {
	b.Path = append([]string{name}, b.Path...)
	return b
}

var lineStart = lazyregexp.New(`(?m)^.`)

// flakeText is flake.nix as far as it is written, and where its lines come from.
type flakeText struct {
	bytes.Buffer
	origins []string
}

// parsedFlake is the template without a text that it is written to.
var parsedFlake = sync.OnceValues(func() (*template.Template, error) {
	return template.New("flake.nix").Funcs((*flakeText)(nil).funcs()).Parse(flakeTemplate)
})

func (t *flakeText) funcs() template.FuncMap {
	return template.FuncMap{
		"bindings": func(columns int, bs []nix.Binding) (string, error) { return t.bindings(columns, bs, false) },
		"apart":    func(columns int, bs []nix.Binding) (string, error) { return t.bindings(columns, bs, true) },
	}
}

func (t *flakeText) fill(data any) error {
	parsed, err := parsedFlake()
	if err != nil {
		return err
	}
	tmpl, err := parsed.Clone()
	if err != nil {
		return err
	}
	if err := tmpl.Funcs(t.funcs()).Execute(t, data); err != nil {
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

// entry is the host in the flake's set of hosts, with what it does not share with all others.
func (h *host) entry() nix.Binding {
	body := []nix.Binding{bind(nix.Str(h.summary.System), "system")}
	if h.channel.name != "" {
		body = append(body, bind(nix.Ref{"channels", h.channel.name}, "inputs"))
	}
	for _, u := range h.withHome() {
		body = append(body, bind(nix.Path(h.dir()+u.File), "homes", u.Name))
	}
	for _, b := range h.target() {
		body = append(body, below("deployment", b))
	}
	return nix.Binding{Path: []string{h.profile.Name}, Value: nix.Attrs{Body: body}, Origin: h.origin}
}

// outputs are the configurations of the host and of its homes, and the checks that build them.
func (h *host) outputs() (configurations, checks []nix.Binding) {
	name, origin := h.profile.Name, h.origin
	add := func(kind, name string, configuration nix.Call, built ...string) {
		configurations = append(configurations, nix.Binding{
			Path: []string{kind, name}, Value: configuration, Origin: origin,
		})
		checks = append(checks, nix.Binding{
			Path: []string{"checks", h.summary.System, name}, Origin: origin,
			Value: append(nix.Ref{"self", kind, name}, built...),
		})
	}
	add("nixosConfigurations", name, nix.Call{
		Fn: nix.Ref{"mkHost"}, Args: []nix.Expr{nix.Path(h.dir() + "configuration.nix")},
	}, "config", "system", "build", "toplevel")
	for _, u := range h.withHome() {
		add("homeConfigurations", u.Name+"@"+name, nix.Call{
			Fn:   nix.Ref{"mkHome"},
			Args: []nix.Expr{nix.Ref{"self", "nixosConfigurations", name}, nix.Path(h.dir() + u.File)},
		}, "activationPackage")
	}
	return configurations, checks
}
