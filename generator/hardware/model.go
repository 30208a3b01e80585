package hardware

import (
	"slices"
	"strings"
)

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
	case "vendor", "name", "version", "family", "board", "boardVendor":
		return []string{map[string]string{
			"vendor": p.Vendor, "name": p.Name, "version": p.Version, "family": p.Family,
			"board": p.Board, "boardVendor": p.BoardVendor,
		}[name]}
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

// called is what the machine says that made the model fit.
func (r modelRule) called(f Facts) string {
	var parts []string
	for _, w := range r.want {
		have := modelValues(w.name, f, nil)
		i := slices.IndexFunc(have, func(h string) bool { return matches(strings.ToLower(w.value), strings.ToLower(h)) })
		if i >= 0 && w.name != "cpu" {
			parts = append(parts, have[i])
		}
	}
	return strings.Join(parts, " ")
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
		cards, _ := gpus(d.facts)
		for _, m := range models() {
			if m.fits(d.facts, cards) {
				d.NixosHardware = append(d.NixosHardware, m.module)
				d.note("nixos-hardware", m.module, "the machine calls itself "+m.called(d.facts))
				return
			}
		}
	default:
		if !slices.Contains(nixosHardware(), want) {
			d.refuse("model", "nixos-hardware has no module %q", want)
			return
		}
		d.NixosHardware = []string{want}
		d.note("nixos-hardware", want, saysProfile.why)
	}
}
