package setup

import (
	"errors"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/interview"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// load reads the profile that answers lead to, without its being in any file.
func (g *Guide) load(answers starter.Answers) (*profile.Profile, error) {
	text, err := starter.Profile(answers)
	if err != nil {
		return nil, err
	}
	return profile.Load(g.Source.With(g.Path, text), g.Path, g.node)
}

// check is the schema's judgement of one answer, by itself.
func (g *Guide) check(name, value string) error {
	a := starter.Answers{Preset: "minimal", Hostname: "nixos", StateVersion: generator.DefaultRelease(), User: "user"}
	a.Set(name, value)
	_, err := g.load(a)
	var problems profile.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		return err
	}
	p := problems[0]
	said := slices.DeleteFunc([]string{p.What, p.Why, p.Hint}, func(s string) bool { return s == "" })
	return fault.New(fault.Profile, "%s", strings.Join(said, "; "))
}

// preview is the profile that answers lead to, and the host's configuration.nix and homes. While an answer is being
// typed that is no good yet, the Nix stays as it was.
func (g *Guide) preview(answers starter.Answers) interview.Preview {
	text, err := starter.Profile(answers)
	if err != nil {
		return interview.Preview{Profile: interview.File{Name: g.Path, Text: err.Error()}}
	}
	if known, ok := g.previews[string(text)]; ok {
		return known
	}
	p := interview.Preview{
		Profile: interview.File{Name: g.Path, Text: term.Clean(withoutHeader(string(text)))},
		Nix:     interview.File{Name: "hosts/" + answers.Hostname},
	}
	nix, err := g.nix(answers)
	switch {
	case err == nil:
		p.Nix.Text = term.Clean(nix)
	case g.shown.Text != "":
		p.Nix = g.shown
	default:
		p.Nix.Text = term.Clean(err.Error())
	}
	g.shown, g.previews[string(text)] = p.Nix, p
	return p
}

// withoutHeader is a file without the comment that it begins with.
func withoutHeader(text string) string {
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// generate makes the flake that answers lead to, with what this machine's hardware says where it is probed.
func (g *Guide) generate(answers starter.Answers, probed bool) (*generator.Tree, error) {
	p, err := g.load(answers)
	if err != nil {
		return nil, err
	}
	facts := map[string]hardware.Facts{}
	if g.facts.Version > 0 && probed {
		facts[answers.Hostname] = g.facts
	}
	return generator.Generate(generator.Input{Profile: p, Schema: g.node, Facts: facts, Files: g.Source})
}

// nix is what the host is in that flake: its configuration.nix, and below it the homes.
func (g *Guide) nix(answers starter.Answers) (string, error) {
	tree, err := g.generate(answers, true)
	if err != nil {
		return "", err
	}
	var system, homes string
	for _, f := range tree.Files {
		switch name, ok := strings.CutPrefix(f.Path, "hosts/"+answers.Hostname+"/"); {
		case ok && name == "configuration.nix":
			system = "# configuration.nix\n" + withoutHeader(string(f.Data))
		case ok && strings.HasPrefix(name, "home"):
			homes += "\n# " + name + "\n" + withoutHeader(string(f.Data))
		}
	}
	return system + homes, nil
}
