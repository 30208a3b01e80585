// Package setup makes a first profile: from what a machine tells about itself, from the
// configuration that it has, and from what somebody answers.
package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/console"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/github"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/interview"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/pciids"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/source"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Config is what a guide works with.
type Config struct {
	*console.Terminal
	// Path is the profile that will be written.
	Path string
	// Root is where the machine is read, Flake the folder of the flake.
	Root, Flake string
	NoProbe     bool
	DryRun      bool
	Source      *source.Source
	// GitHub tells the keys of an account, if somebody asks for them.
	GitHub github.Client
	// Retry repeats an attempt that the network broke.
	Retry func(ctx context.Context, attempt func(int) *retry.Failure) error
}

// Guide is what is known before anybody is asked.
type Guide struct {
	Config
	machine  machine.Machine
	person   machine.Person
	facts    hardware.Facts
	proposed starter.Answers
	// config is the configuration that the machine has, empty if it has none.
	config string
	// adoption is the configuration that is taken over, nil if none is.
	adoption *adoption

	node     *schema.Node
	previews map[string]interview.Preview
	shown    interview.File // the Nix of the preview before
}

// New looks at the machine.
func New(ctx context.Context, c Config) (*Guide, error) {
	g := &Guide{Config: c, machine: machine.Read(c.Root), previews: map[string]interview.Preview{}}
	who := me(g.machine)
	if i := slices.IndexFunc(g.machine.Users, func(u machine.User) bool { return u.Name == who.Name }); i > 0 {
		g.machine.Users = slices.Insert(slices.Delete(slices.Clone(g.machine.Users), i, i+1), 0, who)
	}
	g.person = machine.ReadPerson(c.Root, who)
	if !c.NoProbe {
		// What could not be read matters when the flake is made, and is reported then.
		g.facts, _ = probe.Run(ctx, probe.Options{Root: c.Root})
	}
	for _, file := range []string{"/etc/nixos/configuration.nix", "/etc/nixos/flake.nix"} {
		at := system.Inside(c.Root, file)
		// One that may not be read is there all the same. A flake of the program's own is no other configuration.
		_, err := os.Stat(at)
		known := err == nil || errors.Is(err, fs.ErrPermission) && g.config == ""
		if _, ours := os.Stat(filepath.Join(filepath.Dir(at), tree.ManifestPath)); known && ours != nil {
			g.config = file
		}
	}
	g.proposed = starter.For(g.machine, purpose(g.facts))
	if g.person.GitName != "" {
		g.proposed.Name = g.person.GitName
	}
	g.proposed.Email, g.proposed.SSHKeys = g.person.GitEmail, g.person.Authorized

	var err error
	g.node, err = schema.Root()
	return g, err
}

// me is the account of who runs the program, where the machine has it, else the first one.
func me(m machine.Machine) machine.User {
	name := os.Getenv("USER")
	for _, u := range m.Users {
		if u.Name == name {
			return u
		}
	}
	if len(m.Users) > 0 {
		return m.Users[0]
	}
	return machine.User{}
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

// found says what the machine told.
func (g *Guide) found() []string {
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
	you := slices.DeleteFunc([]string{p.User, p.Name, p.Email}, func(s string) bool { return s == "" })
	lines = append(lines, "You: "+unknown(strings.Join(you, ", ")))
	var others []string
	for _, u := range m.Users {
		if u.Name != p.User {
			others = append(others, u.Name)
		}
	}
	if len(others) > 0 {
		lines = append(lines, "Other users: "+strings.Join(others, ", "))
	}
	if d, err := hardware.Decide(g.facts, hardware.Overrides{Release: generator.DefaultRelease()}); err == nil {
		var cards []string
		for _, c := range d.GPUs {
			cards = append(cards, card(c, g.facts.PCI))
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

// card is a graphics card as its box names it, where the list of PCI devices does, and its driver.
func card(g hardware.GPU, devices []hardware.PCI) string {
	name := g.Name()
	for _, p := range devices {
		listed := (&pciids.Names{}).Device(p)
		if at := strings.LastIndex(listed, "["); p.Address == g.Address && at >= 0 && strings.HasSuffix(listed, "]") {
			what := strings.TrimPrefix(g.ChipName()+", "+g.Family, ", ")
			name = fmt.Sprintf("%s (%s)", listed[at+1:len(listed)-1], what)
		}
	}
	return name + ", driver " + g.Driver
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
