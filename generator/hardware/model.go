package hardware

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed data/models.txt
var modelsText string

// modelRule is a line of data/models.txt: a module of nixos-hardware and what
// the machine must say about itself.
type modelRule struct {
	module string
	want   []modelField
}

type modelField struct{ name, value string }

var models = sync.OnceValue(func() []modelRule { return parseModels(modelsText) })

// parseModels reads lines of a module and fields, name=value, between tabs.
func parseModels(text string) []modelRule {
	var rules []modelRule
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, "\t")
		r := modelRule{module: parts[0]}
		for _, p := range parts[1:] {
			name, value, _ := strings.Cut(p, "=")
			r.want = append(r.want, modelField{name, value})
		}
		rules = append(rules, r)
	}
	return rules
}

// fits tells whether a machine is of the model: every field is equal, or starts
// with the value where that ends in an asterisk. Case and outer blanks do not count.
func (r modelRule) fits(p Product) bool {
	return len(r.want) > 0 && !slices.ContainsFunc(r.want, func(f modelField) bool {
		return !slices.ContainsFunc(p.field(f.name), func(have string) bool {
			have = strings.ToLower(strings.TrimSpace(have))
			want := strings.ToLower(f.value)
			if prefix, ok := strings.CutSuffix(want, "*"); ok {
				return strings.HasPrefix(have, prefix)
			}
			return have == want
		})
	})
}

func (p Product) field(name string) []string {
	switch name {
	case "vendor":
		return []string{p.Vendor}
	case "name":
		return []string{p.Name}
	case "version":
		return []string{p.Version}
	case "family":
		return []string{p.Family}
	case "board":
		return []string{p.Board}
	case "boardVendor":
		return []string{p.BoardVendor}
	case "compatible":
		return p.Compatible
	}
	return nil
}

func (r modelRule) String() string {
	var parts []string
	for _, f := range r.want {
		if f.name != "vendor" {
			parts = append(parts, strings.TrimSuffix(f.value, "*"))
		}
	}
	return strings.Join(parts, ", ")
}

// model finds the module of nixos-hardware for the machine.
func (d *decider) model() {
	switch want := d.over.Model; want {
	case "none":
		d.note("nixos-hardware", "none", saysProfile.why)
	case "", "auto":
		if d.Virtual {
			return
		}
		for _, m := range models() {
			if m.fits(d.facts.Product) {
				d.NixosHardware = append(d.NixosHardware, m.module)
				d.note("nixos-hardware", m.module, "the machine calls itself "+m.String())
				return
			}
		}
	default:
		d.NixosHardware = []string{want}
		d.note("nixos-hardware", want, saysProfile.why)
	}
}
