package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/interview"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// guide is what init knows before it asks.
type guide struct {
	path     string
	root     string
	machine  machine.Machine
	person   machine.Person
	facts    hardware.Facts
	proposed starter.Answers
	// config is the configuration that the machine has, empty if it has none.
	config string
	// adoption is the configuration that is taken over, nil if none is.
	adoption *adoption

	schema   *profile.Schema
	node     *schema.Node
	source   *fileSource
	previews map[string]string
}

func (a *app) newGuide(ctx context.Context, path string) (*guide, error) {
	g := &guide{path: path, root: a.opts.root, machine: machine.Read(a.opts.root), previews: map[string]string{}}
	who := me(g.machine)
	if i := slices.IndexFunc(g.machine.Users, func(u machine.User) bool { return u.Name == who.Name }); i > 0 {
		g.machine.Users = slices.Insert(slices.Delete(slices.Clone(g.machine.Users), i, i+1), 0, who)
	}
	g.person = machine.ReadPerson(a.opts.root, who)
	if !a.opts.noProbe {
		// What could not be read matters when the flake is made, and is reported then.
		g.facts, _ = probe.Run(ctx, probe.Options{Root: a.opts.root})
	}
	for _, file := range []string{"/etc/nixos/configuration.nix", "/etc/nixos/flake.nix"} {
		at := machine.Inside(a.opts.root, file)
		// One that may not be read is there all the same. A flake of the program's own is no other configuration.
		_, err := os.Stat(at)
		known := err == nil || errors.Is(err, fs.ErrPermission) && g.config == ""
		if known && !exists(filepath.Join(filepath.Dir(at), tree.ManifestPath)) {
			g.config = file
		}
	}
	g.proposed = starter.For(g.machine, purpose(g.facts))
	if g.person.GitName != "" {
		g.proposed.Name = g.person.GitName
	}
	g.proposed.Email, g.proposed.SSHKeys = g.person.GitEmail, g.person.Authorized

	var err error
	if g.node, err = schema.Root(); err != nil {
		return nil, err
	}
	if g.schema, err = compiledSchema(); err != nil {
		return nil, err
	}
	if g.source, err = a.newSource(); err != nil {
		return nil, err
	}
	a.source = g.source
	return g, nil
}

// purpose is the preset that fits the machine's form.
func purpose(f hardware.Facts) string {
	switch form := f.Form(); {
	case f.Virtualization != "":
		return "minimal"
	case form == hardware.Desktop, form == hardware.Portable:
		return "workstation"
	case form == hardware.Server:
		return "server"
	}
	return "minimal"
}

// session is the interview about what is not given.
func (g *guide) session(a *app, answers starter.Answers, given map[string]bool) (*interview.Session, error) {
	presets, err := g.presets()
	if err != nil {
		return nil, err
	}
	if g.adoption != nil {
		for _, name := range []string{"preset", "desktop", "service", "ssh-key"} {
			given[name] = true
		}
	}
	s := &interview.Session{
		Answers: answers, Given: given, Found: shownLines(g.found()), Path: g.path, Presets: presets, Keys: g.person.Keys,
		Check: g.check, Preview: func(a starter.Answers) string { return term.Clean(g.preview(a)) }, In: a.stdin, Out: a.stderr.Raw(), Plain: a.plain(), Size: a.size,
	}
	host := g.node.Properties["host"]
	for _, v := range host.Properties["desktop"].Properties["session"].Enum {
		s.Desktops = append(s.Desktops, fmt.Sprint(v))
	}
	s.Desktops = append(s.Desktops, "none")
	services := host.Properties["services"].Properties
	for _, name := range sortedKeys(services) {
		if services[name].NeedsKeys() {
			continue // No question asks for them.
		}
		s.Services = append(s.Services, interview.Choice{Name: name, Summary: newEntry(name, services[name]).Summary})
	}
	return s, nil
}

// shownLines are lines that a form can show: a machine's strings are its maker's.
func shownLines(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = term.Line(line)
	}
	return out
}

// size is the size of the terminal that questions go to, 80 by 24 where it has none.
func (a *app) size() (width, height int) {
	return term.Size(a.stderr, 80, 24)
}

// presets are the presets with what their first comment says about them.
func (g *guide) presets() ([]interview.Preset, error) {
	files, err := fs.Glob(schema.Presets(), "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the presets: %w", err)
	}
	var out []interview.Preset
	for _, file := range files {
		text, err := fs.ReadFile(schema.Presets(), file)
		if err != nil {
			return nil, fmt.Errorf("read the presets: %w", err)
		}
		p := interview.Preset{Choice: interview.Choice{Name: strings.TrimSuffix(path.Base(file), ".yaml"), Summary: firstSentence(text)}}
		host, err := g.load(starter.Answers{Preset: p.Name, Hostname: "nixos", StateVersion: generator.DefaultRelease})
		if err != nil {
			return nil, fmt.Errorf("read the preset %s: %w", p.Name, err)
		}
		n := host.Hosts[0].Node
		p.Desktop = n.Get("desktop").Str()
		if services := n.Get("services"); services != nil {
			for _, f := range services.Fields {
				p.Services = append(p.Services, f.Key)
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// firstSentence is the first sentence of the comment that a file begins with.
func firstSentence(text []byte) string {
	var words []string
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		words = append(words, strings.Fields(comment)...)
	}
	sentence, _, _ := strings.Cut(strings.Join(words, " ")+" ", ". ")
	return strings.TrimSpace(sentence)
}

// found says what the machine told.
func (g *guide) found() []string {
	p, m := g.proposed, g.machine
	unknown := func(s string) string {
		if s == "" {
			return "unknown"
		}
		return s
	}
	system := "not NixOS"
	if m.NixOS {
		system = fmt.Sprintf("NixOS %s, installed with %s", m.Release, p.StateVersion)
	}
	lines := []string{
		fmt.Sprintf("This machine: %s, %s", p.Hostname, system),
		fmt.Sprintf("Time zone %s, locale %s, keyboard %s", unknown(p.Timezone), unknown(p.Locale),
			unknown(strings.Join(strings.Fields(p.Layout+" "+p.Variant+" "+p.Options), " "))),
	}
	var users []string
	for _, u := range m.Users {
		users = append(users, u.Name)
	}
	lines = append(lines, "Users: "+unknown(strings.Join(users, ", ")))
	if d, err := hardware.Decide(g.facts, hardware.Overrides{Release: generator.DefaultRelease}); err == nil {
		var cards []string
		for _, c := range d.GPUs {
			cards = append(cards, c.Name())
		}
		if len(cards) > 0 {
			lines = append(lines, "Graphics: "+strings.Join(cards, "; "))
		}
	}
	if disks := disks(g.facts); disks != "" {
		lines = append(lines, "Disks: "+disks)
	}
	if g.config != "" {
		lines = append(lines, "It has a configuration, which stays as it is: "+g.config)
		if p.Adopt == "" {
			lines = append(lines, "What it says beyond these questions does not come along, as --fresh asks for")
		}
	}
	return lines
}

func disks(f hardware.Facts) string {
	var out []string
	for _, b := range f.Blocks {
		// Partitions name their disk; maps, RAIDs and loops have parts or a file behind them.
		if b.Disk == "" && len(b.Parts) == 0 && b.Backing == "" && !b.Removable && b.Size > 0 {
			out = append(out, fmt.Sprintf("%s %d GB", b.Name, b.Size/1e9))
		}
	}
	return strings.Join(out, ", ")
}

// load reads the profile that answers lead to, without its being in any file.
func (g *guide) load(answers starter.Answers) (*profile.Profile, error) {
	text, err := starter.Profile(answers)
	if err != nil {
		return nil, err
	}
	return profile.Load(g.source.with(g.path, text), g.path, g.schema)
}

// check is the schema's judgement of one answer, by itself.
func (g *guide) check(name, value string) error {
	a := starter.Answers{Preset: "minimal", Hostname: "nixos", StateVersion: generator.DefaultRelease, User: "user"}
	switch name {
	case "hostname":
		a.Hostname = value
	case "timezone":
		a.Timezone = value
	case "locale":
		a.Locale = value
	case "layout":
		a.Layout = value
	case "user":
		a.User = value
	case "name":
		a.Name = value
	case "email":
		a.Email = value
	case "ssh-key":
		a.SSHKeys = []string{value}
	case "service":
		a.Services = []string{value}
	}
	_, err := g.load(a)
	var problems profile.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		return err
	}
	p := problems[0]
	text := p.What
	for _, more := range []string{p.Why, p.Hint} {
		if more != "" {
			text += "; " + more
		}
	}
	return fault.New(fault.Profile, "%s", text)
}

// previewLines is how much of the Nix is shown.
const previewLines = 30

// preview is the profile that answers lead to, and how the host's configuration.nix begins.
func (g *guide) preview(answers starter.Answers) string {
	text, err := starter.Profile(answers)
	if err != nil {
		return err.Error()
	}
	if known, ok := g.previews[string(text)]; ok {
		return known
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n%s\n", g.path, bytes.TrimSpace(text))
	name := "hosts/" + answers.Hostname + "/configuration.nix"
	if nix, err := g.generate(answers, name); err != nil {
		fmt.Fprintf(&b, "\n--- %s\n%v\n", name, err)
	} else {
		fmt.Fprintf(&b, "\n--- %s begins\n%s", name, nix)
	}
	g.previews[string(text)] = b.String()
	return b.String()
}

// generate is how the file called name begins, without its header.
func (g *guide) generate(answers starter.Answers, name string) (string, error) {
	p, err := g.load(answers)
	if err != nil {
		return "", err
	}
	facts := map[string]hardware.Facts{}
	if g.facts.Version > 0 {
		facts[answers.Hostname] = g.facts
	}
	tree, err := generator.Generate(generator.Input{Profile: p, Schema: g.node, Facts: facts, Files: g.source})
	if err != nil {
		return "", err
	}
	for _, f := range tree.Files {
		if f.Path != name {
			continue
		}
		_, body, _ := strings.Cut(string(f.Data), "\n  imports = [")
		_, body, _ = strings.Cut(body, "];\n")
		lines := strings.SplitAfterN(strings.TrimLeft(body, "\n"), "\n", previewLines+1)
		return strings.Join(lines[:min(len(lines), previewLines)], ""), nil
	}
	return "", fmt.Errorf("the flake has no %s", name)
}
