package hardware

import (
	_ "embed"
	"fmt"
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

// fits tells whether a machine is of the model.
func (r modelRule) fits(f Facts, gpus []GPU) bool {
	return len(r.want) > 0 && !slices.ContainsFunc(r.want, func(w modelField) bool {
		return !slices.ContainsFunc(modelValues(w.name, f, gpus), func(have string) bool {
			return matches(strings.ToLower(w.value), strings.ToLower(have))
		})
	})
}

// matches compares with a pattern in which an asterisk stands for any text.
func matches(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return s == pattern
	}
	rest, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		_, after, ok := strings.Cut(rest, p)
		if !ok {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, last)
}

// modelValues are what a machine says, by the field's name in data/models.txt.
func modelValues(name string, f Facts, gpus []GPU) []string {
	p := f.Product
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
	case "cpu":
		return []string{f.CPU.Vendor}
	case "gpu", "gpu-discrete":
		var vendors []string
		for _, g := range gpus {
			if name == "gpu" || !g.Integrated {
				vendors = append(vendors, string(g.Vendor))
			}
		}
		return vendors
	}
	return nil
}

//go:embed data/nixos-hardware.txt
var nixosHardwareText string

// nixosHardware lists the modules that the pinned nixos-hardware has.
var nixosHardware = sync.OnceValue(func() []string {
	var names []string
	for line := range strings.Lines(nixosHardwareText) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			names = append(names, line)
		}
	}
	return names
})

// called is what the machine says that made the model fit.
func (r modelRule) called(f Facts) string {
	var parts []string
	for _, w := range r.want {
		switch w.name {
		case "cpu", "gpu", "gpu-discrete":
			continue
		}
		for _, have := range modelValues(w.name, f, nil) {
			if matches(strings.ToLower(w.value), strings.ToLower(have)) {
				parts = append(parts, have)
				break
			}
		}
	}
	return strings.Join(parts, " ")
}

// model finds the module of nixos-hardware for the machine.
func (d *decider) model() error {
	switch want := d.over.Model; want {
	case "none":
		d.note("nixos-hardware", "none", saysProfile.why)
	case "", "auto":
		if d.Virtual {
			return nil
		}
		cards, _ := gpus(d.facts)
		for _, m := range models() {
			if m.fits(d.facts, cards) {
				d.NixosHardware = append(d.NixosHardware, m.module)
				d.note("nixos-hardware", m.module, "the machine calls itself "+m.called(d.facts))
				return nil
			}
		}
	default:
		if !slices.Contains(nixosHardware(), want) {
			return &OverrideError{Key: "model", Why: fmt.Sprintf("nixos-hardware has no module %q", want)}
		}
		d.NixosHardware = []string{want}
		d.note("nixos-hardware", want, saysProfile.why)
	}
	return nil
}
