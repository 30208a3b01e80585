package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/modules"
	"github.com/quick-deploy/quick-deploy/schema"
)

func (a *app) servicesCommand() *cli.Command {
	return &cli.Command{
		Name:  "services",
		Usage: "look through the catalogue and edit the profile's services",
		Commands: []*cli.Command{
			{Name: "list", Usage: "list the services of the catalogue", Action: a.servicesList},
			{Name: "show", Usage: "show a service's keys, defaults and the Nix behind it", ArgsUsage: "NAME", Action: a.servicesShow},
			{Name: "add", Usage: "switch services on in the profile", ArgsUsage: "NAME...", Action: a.servicesAdd},
			{Name: "remove", Usage: "take services out of the profile", ArgsUsage: "NAME...", Action: a.servicesRemove},
		},
		Action: a.servicesList,
	}
}

// entry is a service as list and show print it.
type entry struct {
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	Summary string        `json:"summary"`
	Ports   []schema.Port `json:"ports"`
	Needs   []string      `json:"needs"`
	Docs    string        `json:"docs,omitempty"`
	Keys    []key         `json:"keys,omitempty"`
	Module  string        `json:"module,omitempty"`
}

type key struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Default     any      `json:"default,omitempty"`
	Sets        []string `json:"sets"`
}

// catalogue are the services by name.
func catalogue() (map[string]*schema.Node, error) {
	root, err := schema.Root()
	if err != nil {
		return nil, err
	}
	return root.Properties["host"].Properties["services"].Properties, nil
}

func newEntry(name string, n *schema.Node) entry {
	e := entry{Name: name, Title: n.Title, Ports: []schema.Port{}, Needs: []string{}}
	if s := n.Service; s != nil {
		e.Summary, e.Docs = s.Summary, s.Docs
		e.Ports, e.Needs = append(e.Ports, s.Ports...), append(e.Needs, s.Needs...)
	}
	return e
}

func (a *app) servicesList(_ context.Context, cmd *cli.Command) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	all, err := catalogue()
	if err != nil {
		return err
	}
	entries := make([]entry, 0, len(all))
	for _, name := range sortedKeys(all) {
		entries = append(entries, newEntry(name, all[name]))
	}
	if a.opts.json {
		return a.printJSON(entries)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tPORTS\tNEEDS\tWHAT IT IS")
	for _, e := range entries {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Name, portList(e.Ports), strings.Join(e.Needs, ","), e.Summary)
	}
	return w.Flush()
}

func portList(ports []schema.Port) string {
	var numbers []string
	for _, p := range ports {
		numbers = append(numbers, fmt.Sprint(p.Port))
	}
	return strings.Join(slices.Compact(numbers), ",")
}

func (a *app) servicesShow(_ context.Context, cmd *cli.Command) error {
	all, err := catalogue()
	if err != nil {
		return err
	}
	names, err := serviceArgs(cmd, all)
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return fault.New(fault.Usage, "services show takes one name")
	}
	e, n := newEntry(names[0], all[names[0]]), all[names[0]]
	for _, k := range sortedKeys(n.Properties) {
		c := n.Properties[k]
		e.Keys = append(e.Keys, key{Name: k, Description: c.Description, Default: c.Default, Sets: optionsSet(c)})
	}
	source, err := modules.Files.ReadFile(e.Name + ".nix")
	if err != nil {
		return fmt.Errorf("read the module of %s: %w", e.Name, err)
	}
	e.Module = string(source)
	if a.opts.json {
		return a.printJSON(e)
	}
	a.printEntry(e, n)
	return nil
}

func optionsSet(n *schema.Node) []string {
	out := []string{}
	for _, r := range n.Rules {
		if r.Option != "" && !slices.Contains(out, r.Option) {
			out = append(out, r.Option)
		}
	}
	return out
}

func (a *app) printEntry(e entry, n *schema.Node) {
	fmt.Fprintf(a.stdout, "%s: %s\n%s\n", e.Name, e.Title, n.Description)
	for _, p := range e.Ports {
		fmt.Fprintf(a.stdout, "port %d/%s (%s)\n", p.Port, p.Protocol, p.Name)
	}
	if len(e.Needs) > 0 {
		fmt.Fprintf(a.stdout, "needs %s\n", strings.Join(e.Needs, ", "))
	}
	if e.Docs != "" {
		fmt.Fprintf(a.stdout, "docs: %s\n", e.Docs)
	}
	fmt.Fprintln(a.stdout, "\nkeys:")
	for _, k := range e.Keys {
		fmt.Fprintf(a.stdout, "  %s: %s\n", k.Name, k.Description)
		if k.Default != nil {
			fmt.Fprintf(a.stdout, "      default %v\n", k.Default)
		}
		for _, o := range k.Sets {
			fmt.Fprintf(a.stdout, "      sets %s\n", o)
		}
	}
	fmt.Fprintf(a.stdout, "\nmodules/%s.nix:\n%s", e.Name, e.Module)
}

// serviceArgs are the names on the command line, all of them in the catalogue.
func serviceArgs(cmd *cli.Command, all map[string]*schema.Node) ([]string, error) {
	names := cmd.Args().Slice()
	if len(names) == 0 {
		return nil, fault.New(fault.Usage, "%s needs the name of a service", cmd.Name).
			Hint("quick-deploy services list shows them")
	}
	for _, name := range names {
		if all[name] != nil {
			continue
		}
		e := fault.New(fault.Usage, "no service called %q", name)
		if near := profile.Nearest(name, sortedKeys(all)); near != "" {
			return nil, e.Hint("did you mean %s", near)
		}
		return nil, e.Hint("quick-deploy services list shows them")
	}
	return names, nil
}

func (a *app) servicesAdd(_ context.Context, cmd *cli.Command) error {
	return a.editServices(cmd, func(src []byte, path []string, on bool) ([]byte, error) {
		if on {
			return src, nil
		}
		return profile.AddIn(src, path)
	})
}

func (a *app) servicesRemove(_ context.Context, cmd *cli.Command) error {
	return a.editServices(cmd, func(src []byte, path []string, on bool) ([]byte, error) {
		if !on {
			return nil, fault.New(fault.Usage, "%s is not named in this file", path[len(path)-1]).
				Hint("what a layer below switches on is switched off by %s: false", path[len(path)-1])
		}
		return profile.RemoveIn(src, path)
	})
}

// editServices edits the profile's text, so that comments and order stay. On
// tells whether the host itself names the service.
func (a *app) editServices(cmd *cli.Command, edit func(src []byte, path []string, on bool) ([]byte, error)) error {
	all, err := catalogue()
	if err != nil {
		return err
	}
	names, err := serviceArgs(cmd, all)
	if err != nil {
		return err
	}
	l, err := a.load()
	if err != nil {
		return err
	}
	if l.builtin {
		return fault.New(fault.Usage, "there is no profile to edit").Hint("quick-deploy init writes one")
	}
	host, err := a.hostName(l)
	if err != nil {
		return err
	}
	before, err := regular.Read(l.name)
	if err != nil {
		return fault.New(fault.Profile, "read the profile: %w", err)
	}
	root, err := profile.Parse(l.name, before)
	if err != nil {
		return err
	}
	base := []string{"hosts", host, "services"}
	if root.Get("host") != nil {
		base = []string{"host", "services"}
	}
	src := before
	for _, name := range names {
		path := append(slices.Clip(base), name)
		if src, err = edit(src, path, root.Get(path...) != nil); err != nil {
			return fmt.Errorf("edit the profile: %w", err)
		}
	}
	return a.replaceProfile(l, src, strings.Join(names, ", "))
}

// replaceProfile writes an edited profile, if it is still valid.
func (a *app) replaceProfile(l *loaded, src []byte, what string) error {
	if _, err := a.loadText(l.name, src); err != nil {
		return err
	}
	if a.opts.dryRun {
		return a.printFile(l.name, src)
	}
	info, err := os.Stat(l.name)
	if err != nil {
		return fault.New(fault.Profile, "write the profile: %w", err)
	}
	if err := (atomic.Writer{}).WriteFile(l.name, src, info.Mode().Perm()); err != nil {
		return err
	}
	a.say("%s: %s; quick-deploy diff shows what it changes", l.name, what)
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
