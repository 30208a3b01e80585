package generator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/access"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
	"github.com/quick-deploy/quick-deploy/schema"
)

// header stands at the top of every file that belongs to the tool.
const header = "Written by quick-deploy from the profile. Settings of your own belong in local.nix,\n" +
	"which is written once and then left alone."

// Host is what the rest of the program must know about a generated machine.
type Host struct {
	Name         string
	System       string
	StateVersion string
	// Release is the NixOS release that the host is built from.
	Release      string
	Tags, Groups []string
	Users        []User
	// Access is who gets in, and how.
	Access   access.Host
	Services []Service
	// Desktop tells whether the host has a graphical session.
	Desktop bool
	// Probed tells whether the hardware configuration rests on facts.
	Probed   bool
	Decision hardware.Decision
	// Deployment is how the machine is reached from another one.
	Deployment Deployment
	// Formatted are the disks that disks.nix lays out, and that installing erases.
	Formatted []string
	// Modules and Inputs are what its system is built from beside its own
	// files, as paths and names in the flake.
	Modules, Inputs []string
	// Packages is what flake.nix makes its packages with, as text; "" where the host makes its own.
	Packages string
	// Secrets are the files that must exist on the machine before it is switched.
	Secrets []Secret
	// Options are what the profile sets, with Input.Explain: the options of NixOS, whose
	// User is empty, then those of each home. An option to which several places of the
	// profile add is there several times; what the catalogue's modules and
	// hardware-configuration.nix set is not among them.
	Options []mapping.Assignment
}

// User is an account of a host.
type User struct {
	Name  string
	Admin bool
	// Home tells whether home-manager runs for the account; File is its configuration.
	Home bool
	File string
	// Packages and Files are what the home is known to bring, as far as the profile and
	// the schema tell: packages by the attribute's or the package's name, files from the
	// home directory.
	Packages, Files []string
}

// Service is an entry of the catalogue that a host runs.
type Service struct {
	Name  string
	Info  *schema.Service
	Ports []Port
	// Exposed tells whether its ports are open in the firewall.
	Exposed bool
	// Key is what the service's configuration will say about the key of its data, where
	// Info.Encryption describes one; empty if that cannot be told.
	Key string
}

// Port is a port in use on a host.
type Port struct {
	Service, Name, Protocol string
	Number                  int
	Node                    *profile.Node
}

// host is a machine while it is built.
type host struct {
	profile *profile.Host
	node    *profile.Node
	origin  string       // of node
	schema  *schema.Node // of a host
	in      Input
	channel channel
	mapped  mapping.Result

	system  []mapping.Assignment            // NixOS options
	homes   map[string][]mapping.Assignment // home-manager options by user
	imports []nix.Expr
	modules map[string]bool
	inputs  map[string]bool
	unfree  map[string]bool
	// optional are packages that the homes name in comments.
	optional []optional
	files    []File
	summary  Host
	notices  []Notice
	nixpkgs  []setting // of the package set that it shares
	index    *index.Index
	problems profile.Problems
	secrets  map[string]secret
	// sopsFile is the host's encrypted file as a rule of .sops.yaml names it, "" where there is none.
	sopsFile string
	// sopsKeys are those that may read it.
	sopsKeys []string
}

// buildHost builds a host. Where the error is profile.Problems it is the host as far as it could be built.
func buildHost(in Input, s *schema.Node, p *profile.Host, node *profile.Node) (*host, error) {
	h := &host{
		profile: p, node: node, origin: node.Origin(), schema: s, in: in,
		homes:   map[string][]mapping.Assignment{},
		modules: map[string]bool{}, inputs: map[string]bool{"nixpkgs": true}, unfree: map[string]bool{},
		summary: Host{Name: p.Name, Tags: p.Tags, Groups: p.Groups},
	}
	if err := h.chooseChannel(); err != nil {
		return nil, err
	}
	h.openIndex()
	h.readSecrets()
	names := mapping.Names{Release: h.channel.release, Secret: h.secretPath, Input: h.channel.inputName}
	// The order decides only in which order notices and equal options appear.
	steps := []func() error{
		func() error { return h.mapKeys(names) },
		h.stateVersion, h.deployment, h.tool, h.hardware, h.disks, h.desktop, h.services, h.memory, h.acceleration, h.users,
		h.packages, h.homePackages, h.python, h.powerlevel10k, h.raw, h.secretFiles, h.names, h.access, h.encryption,
		h.unfreeRule, h.configuration, h.homeFiles, h.importedModules, h.local,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			var problems profile.Problems
			if !errors.As(err, &problems) {
				return nil, fmt.Errorf("host %s: %w", p.Name, err)
			}
			h.problems = append(h.problems, problems...)
		}
	}
	if len(h.problems) > 0 {
		return h, h.problems
	}
	return h, nil
}

// mapKeys sets the options that the schema names for keys.
func (h *host) mapKeys(names mapping.Names) error {
	result, err := mapping.Map(h.schema, h.node, names)
	h.mapped = result
	for _, a := range result.Assignments {
		// The schema has the names of the oldest release, but for rules that name theirs.
		a.Path = release.Rename(h.channel.release, a.User != "", a.Path)
		h.assign(a)
	}
	return err
}

// done hands out the options where they are asked for, and forgets what only building
// the host needs: of ten thousand hosts that is most of the memory.
func (h *host) done() {
	if h.in.Explain {
		h.summary.Options = h.system
		for _, user := range sortedKeys(h.homes) {
			h.summary.Options = append(h.summary.Options, h.homes[user]...)
		}
	}
	// Messages about these are written.
	for _, s := range h.summary.Services {
		for i := range s.Ports {
			s.Ports[i].Node = nil
		}
	}
	for i := range h.summary.Access.Accounts {
		a := &h.summary.Access.Accounts[i]
		a.Node, a.UIDNode = nil, nil
	}
	h.inputs, h.unfree = h.in.known.same(h.inputs).names, h.in.known.same(h.unfree).names
	modules := h.in.known.same(h.modules)
	h.modules, h.summary.Modules = modules.names, modules.paths
	h.node, h.mapped, h.system, h.homes, h.imports = nil, mapping.Result{}, nil, nil, nil
}

func (h *host) assign(a mapping.Assignment) {
	if m, moved := release.Moved(h.channel.release, a.User != "", a.Path); moved {
		h.problem(a.Node, strings.Join(a.Path, "."), "NixOS "+m.Since+" no longer has this option", m.Hint(a.Path))
	}
	h.checkPackages(a.Node, a.Value, a.Path...)
	if a.User != "" {
		h.homes[a.User] = append(h.homes[a.User], a)
		return
	}
	h.system = append(h.system, a)
}

// set assigns a NixOS option for node's sake.
func (h *host) set(node *profile.Node, value nix.Expr, path ...string) {
	h.setHome("", node, value, path...)
}

// setHome assigns an option of a user's home for node's sake.
func (h *host) setHome(user string, node *profile.Node, value nix.Expr, path ...string) {
	h.assign(mapping.Assignment{User: user, Path: path, Value: value, Origin: node.Origin(), Node: node})
}

func (h *host) problem(node *profile.Node, what, why, hint string) {
	h.problems = append(h.problems, node.Problem("hosts."+h.profile.Name, what, why, hint))
}

// named is where the host is named, for problems of all of it.
func (h *host) named() *profile.Node { return &profile.Node{Pos: h.profile.Pos} }

func (h *host) notice(node *profile.Node, format string, args ...any) {
	n := Notice{Host: h.profile.Name, Text: fmt.Sprintf(format, args...)}
	if node != nil {
		n.Pos = node.Pos
	}
	h.notices = append(h.notices, n)
}

// visits are the profile values that the schema leaves to the handler code.
func (h *host) visits(code string) func(yield func(mapping.Visit) bool) {
	return func(yield func(mapping.Visit) bool) {
		for _, v := range h.mapped.Visits {
			if v.Code == code && !yield(v) {
				return
			}
		}
	}
}

func (h *host) stateVersion() error {
	n := h.node.Get("stateVersion")
	if n == nil && !h.node.Known("stateVersion") {
		return nil
	}
	if n == nil {
		h.problem(h.named(), "stateVersion is missing",
			fmt.Sprintf("host %s must say which NixOS release it was first installed with", h.profile.Name),
			`add stateVersion: "`+release.Default()+`" (on a running machine: the value in its configuration.nix)`)
		return nil
	}
	h.notNewer(n)
	h.summary.StateVersion = n.Str()
	return nil
}

// notNewer refuses a stateVersion newer than the host's release: data that a newer NixOS has made may be unreadable to
// an older one, and NixOS itself does not tell.
func (h *host) notNewer(n *profile.Node) {
	if have := h.channel.release; !release.AtLeast(have, n.Str()) {
		h.problem(n, "stateVersion "+n.Str()+" is newer than the release",
			"the host follows NixOS "+have, "write the release that it was first installed with, "+have+" or older")
	}
}

// configuration writes configuration.nix: the imports, and what the profile asks for.
func (h *host) configuration() error {
	own := nix.List{nix.Path("./hardware-configuration.nix"), nix.Path("./local.nix")}
	h.modules["base.nix"] = true
	origins := map[string]string{}
	for _, use := range h.mapped.Services {
		origins[use.Name+".nix"] = use.Node.Origin()
	}
	for _, m := range sortedKeys(h.modules) {
		if !strings.HasPrefix(m, "home/") {
			own = append(own, nix.Item{Value: nix.Path("../../modules/" + m), Origin: origins[m]})
		}
	}
	h.set(h.node, nix.Str(h.profile.Name), "networking", "hostName")
	options, err := h.ownOptions()
	if err != nil {
		return err
	}
	return h.writeModule("configuration.nix", append(own, h.imports...), options)
}

// importedModules adds the modules that those in use import.
func (h *host) importedModules() error {
	for names := sortedKeys(h.modules); len(names) > 0; names = names[1:] {
		imported, err := h.in.known.imports(names[0])
		if err != nil {
			return err
		}
		for _, name := range imported {
			if !h.modules[name] {
				h.modules[name] = true
				names = append(names, name)
			}
		}
	}
	return nil
}

// writeModule writes a module of the host with what it imports and what it sets.
func (h *host) writeModule(name string, imports nix.List, as []mapping.Assignment) error {
	joined, err := join(as)
	if err != nil {
		return err
	}
	if h.in.NoFiles {
		return nil
	}
	slices.SortStableFunc(joined, func(a, b nix.Binding) int { return compareOptions(a.Path, b.Path) })
	set, err := nix.Nest(joined)
	if err != nil {
		return fmt.Errorf("arrange the options: %w", err)
	}
	for i := range set.Body {
		set.Body[i].Blank = true
	}
	set.Body = append([]nix.Binding{bind(imports, "imports")}, set.Body...)
	return h.write(name, nix.File{Header: header, Body: nix.Module(set)})
}

func (h *host) local() error {
	const text = "Yours: quick-deploy writes this file once and then leaves it alone.\n" +
		"What you set here adds to the rest; lib.mkForce overrides it."
	if err := h.write("local.nix", nix.File{Header: text, Body: nix.Attrs{}}); err != nil || h.in.NoFiles {
		return err
	}
	h.files[len(h.files)-1].Once = true
	return nil
}

func (h *host) write(name string, f nix.File) error {
	if h.in.NoFiles {
		return nil
	}
	printed, err := f.Print()
	if err != nil {
		return fmt.Errorf("print %s: %w", name, err)
	}
	h.keep(name, printed)
	return nil
}

// keep adds a printed file to those of the host.
func (h *host) keep(name string, printed nix.Printed) {
	f := File{Path: "hosts/" + h.profile.Name + "/" + name, Data: h.in.known.text(printed.Source)}
	if h.in.Explain {
		f.Lines = printed.Lines
	}
	h.files = append(h.files, f)
}
