package setup

import (
	"context"
	"fmt"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/catalogue"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/interview"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Given are the answers that somebody gave beforehand, by their names.
type Given map[string][]string

// Answers are the answers: what the machine tells, then what the answers file, if there is one,
// says, then what is given, then what somebody says who is asked. Build tells that it is to be built then.
func (g *Guide) Answers(ctx context.Context, file string, given Given) (_ starter.Answers, build bool, err error) {
	answers := g.proposed
	if file != "" {
		data, err := regular.Read(file)
		if err != nil {
			return answers, false, fault.New(fault.Usage, "read the answers: %w", err)
		}
		if err := starter.Fill(&answers, data); err != nil {
			return answers, false, fault.New(fault.Usage, "%s: %w", file, err)
		}
	}
	before, known := answers, map[string]bool{}
	for name, values := range given {
		answers.Set(name, values...)
		known[name] = true
	}
	answers.Settle(before)
	if file != "" || g.Yes {
		return answers, false, nil
	}
	if !g.TakesForms() {
		return answers, false, fault.New(fault.Usage, "this needs answers, and standard input is not a terminal").
			Hint("--yes takes what is proposed; --answers FILE and the flags say the rest")
	}
	s, err := g.interview(answers, known)
	if err != nil {
		return answers, false, err
	}
	return s.Ask(ctx)
}

// interview is the interview about what is not given.
func (g *Guide) interview(answers starter.Answers, given map[string]bool) (*interview.Session, error) {
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
		Answers: answers, Given: given, Found: shownLines(g.found()), Path: g.Path, Presets: presets, Keys: g.person.Keys,
		Check: g.check, Preview: g.preview, Builds: g.machine.NixOS && !g.DryRun,
		In: g.In, Out: g.Err.Raw(), Plain: g.PlainForms(), Size: g.Size,
	}
	host := g.node.Property("host")
	for _, v := range host.Property("desktop").Property("session").Enum {
		s.Desktops = append(s.Desktops, fmt.Sprint(v))
	}
	s.Desktops = append(s.Desktops, "none")
	services, err := catalogue.All()
	if err != nil {
		return nil, err
	}
	// No question asks for keys.
	s.Services = slices.DeleteFunc(services, func(c catalogue.Service) bool {
		return host.Property("services").Property(c.Name).NeedsKeys()
	})
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

// presets are the presets, with what they say about the desktop and the services.
func (g *Guide) presets() ([]interview.Preset, error) {
	all, err := schema.PresetList()
	if err != nil {
		return nil, err
	}
	var out []interview.Preset
	for _, c := range all {
		p := interview.Preset{Preset: c}
		loaded, err := g.load(starter.Answers{Preset: p.Name, Hostname: "nixos", StateVersion: generator.DefaultRelease()})
		if err != nil {
			return nil, fmt.Errorf("read the preset %s: %w", p.Name, err)
		}
		n := loaded.Hosts[0].Node()
		p.Desktop = n.Get("desktop").Str()
		p.Services = n.Get("services").Keys()
		out = append(out, p)
	}
	return out, nil
}
