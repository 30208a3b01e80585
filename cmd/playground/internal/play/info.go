package play

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/docs"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/schema"
)

// info is what there is to start from.
type info struct {
	Version  string    `json:"version"`
	Presets  []start   `json:"presets"`
	Recipes  []start   `json:"recipes"`
	Machines []machine `json:"machines"`
	// Sources are the built-in files that lines come from, by the names that from has for them.
	Sources map[string]string `json:"sources"`
}

// start is a profile to start from, with the files beside it.
type start struct {
	Name    string            `json:"name"`
	About   string            `json:"about"`
	Profile string            `json:"profile"`
	Files   map[string]string `json:"files,omitempty"`
}

// machine is an example, with its report as probe --json writes it.
type machine struct {
	Name  string          `json:"name"`
	About string          `json:"about"`
	Facts json.RawMessage `json:"facts"`
}

// firstProfile extends a preset, with what a host needs. Somebody who tries it gives it a machine or leaves it so.
// No key in it works: who downloads without looking lets nobody in.
const firstProfile = `# A machine that starts from preset:%[1]s
version: 1
release: "%[2]s"
extends: [preset:%[1]s]
host:
  name: atlas
  stateVersion: "%[2]s"
  timezone: Europe/Berlin
  users:
    ada:
      description: Ada Lovelace
      # Your own key, as in ~/.ssh/id_ed25519.pub:
      # sshKeys: [ssh-ed25519 AAAA… ada@laptop]
      admin: true
`

// exampleKey is the public key in the recipes, which somebody may have the private half of.
const exampleKey = "AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS"

// exampleKeys are notices about the lines that have it, of a profile and of the files beside it.
func exampleKeys(q question) (out []notice) {
	find := func(name, text string) {
		for i, line := range strings.Split(text, "\n") {
			if at := strings.Index(line, exampleKey); at >= 0 {
				out = append(out, notice{
					place: place{name, i + 1}, Column: utf16Column(line, at),
					Text: "this key is only an example: replace it with your own, or whoever has its private half may get in",
				})
			}
		}
	}
	find("", q.Profile)
	for _, name := range slices.Sorted(maps.Keys(q.Files)) {
		find(name, q.Files[name])
	}
	return out
}

func (p *Page) info(struct{}) (info, error) {
	out := info{Version: p.version, Recipes: recipes(docs.Recipes), Sources: map[string]string{}}
	presets, err := schema.PresetList()
	if err != nil {
		return info{}, err
	}
	for _, s := range presets {
		source, err := fs.ReadFile(schema.Presets(), s.Name+".yaml")
		if err != nil {
			return info{}, fmt.Errorf("read a preset: %w", err)
		}
		out.Sources["preset:"+s.Name] = string(source)
		text := fmt.Sprintf(firstProfile, s.Name, generator.DefaultRelease())
		out.Presets = append(out.Presets, start{Name: s.Name, About: s.Summary, Profile: text})
	}
	machines, err := hardware.Examples()
	if err != nil {
		return info{}, err
	}
	for _, m := range machines {
		out.Machines = append(out.Machines, machine{m.Name, m.About, m.Facts})
	}
	return out, nil
}

// recipes are the whole profiles of docs/recipes.md. Each is in a section of its own: a paragraph about it, and blocks
// whose first lines name the files that they are.
func recipes(text string) []start {
	var out []start
	_, text, _ = strings.Cut(text, "\n## ")
	for section := range strings.SplitSeq(text, "\n## ") {
		name, body, _ := strings.Cut(section, "\n")
		about, _, _ := strings.Cut(strings.TrimSpace(body), "\n\n")
		s := start{Name: name, About: strings.Join(strings.Fields(about), " ")}
		for _, rest := range strings.Split(body, "\n```yaml\n# ")[1:] {
			block, _, _ := strings.Cut(rest, "\n```")
			file, _, _ := strings.Cut(block, "\n")
			block = "# " + block + "\n"
			if file == profileName {
				s.Profile = block
				continue
			}
			if s.Files == nil {
				s.Files = map[string]string{}
			}
			s.Files[file] = block
		}
		if s.Profile != "" {
			out = append(out, s)
		}
	}
	return out
}
