package setup

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
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

// previewLines is how much of the Nix is shown.
const previewLines = 30

// preview is the profile that answers lead to, and how the host's configuration.nix begins.
func (g *Guide) preview(answers starter.Answers) string {
	text, err := starter.Profile(answers)
	if err != nil {
		return err.Error()
	}
	if known, ok := g.previews[string(text)]; ok {
		return known
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n%s\n", g.Path, bytes.TrimSpace(text))
	name := "hosts/" + answers.Hostname + "/configuration.nix"
	if nix, err := g.begin(answers, name); err != nil {
		fmt.Fprintf(&b, "\n--- %s\n%v\n", name, err)
	} else {
		fmt.Fprintf(&b, "\n--- %s begins\n%s", name, nix)
	}
	g.previews[string(text)] = b.String()
	return b.String()
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

// begin is how the file called name begins in that flake, without its header.
func (g *Guide) begin(answers starter.Answers, name string) (string, error) {
	tree, err := g.generate(answers, true)
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
