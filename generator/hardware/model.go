package hardware

import (
	"slices"
	"strings"
)

// fits tells whether a machine that says so is of the model.
func (r modelRule) fits(says map[string][]string) bool {
	return len(r.want) > 0 && !slices.ContainsFunc(r.want, func(w modelField) bool {
		return !slices.ContainsFunc(says[w.name], w.value.matches)
	})
}

// says returns what a machine says about itself, by the field's name in data/models.txt.
func says(f Facts, gpus []GPU) map[string][]string {
	p := f.Product
	says := map[string][]string{
		"vendor": {p.Vendor}, "name": {p.Name}, "version": {p.Version}, "family": {p.Family}, "board": {p.Board},
		"boardVendor": {p.BoardVendor}, "compatible": p.Compatible, "cpu": {f.CPU.Vendor},
	}
	for _, g := range gpus {
		says["gpu"] = append(says["gpu"], string(g.Vendor))
		if !g.Integrated {
			says["gpu-discrete"] = append(says["gpu-discrete"], string(g.Vendor))
		}
	}
	return says
}

// called returns the names of the machine that made the model fit.
func (r modelRule) called(says map[string][]string) string {
	var parts []string
	for _, w := range r.want {
		if w.name == "cpu" || strings.HasPrefix(w.name, "gpu") {
			continue
		}
		i := slices.IndexFunc(says[w.name], w.value.matches)
		parts = append(parts, says[w.name][i])
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
		says := says(d.facts, cards)
		for _, m := range models() {
			if m.fits(says) {
				d.NixosHardware = append(d.NixosHardware, m.module)
				d.note("nixos-hardware", m.module, "the machine reports itself as "+m.called(says))
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
