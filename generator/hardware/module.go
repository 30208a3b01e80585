package hardware

import (
	"slices"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// header stands on top of hardware-configuration.nix.
const header = "Written by quick-deploy from what it found on this machine, in the style of\n" +
	"nixos-generate-config. Put your own settings in local.nix."

// Module returns hardware-configuration.nix.
func (d Decision) Module() (nix.File, error) {
	merged := mergeLists(d.settings)
	binds := make([]nix.Binding, len(merged))
	for i, s := range merged {
		binds[i] = nix.Binding{Path: s.path, Value: s.value, Comment: s.comment}
	}
	set, err := nix.Nest(binds)
	if err != nil {
		return nix.File{}, err
	}
	for i := range set.Body {
		set.Body[i].Blank = true
	}
	return nix.File{Header: header, Body: nix.Module(set)}, nil
}

// mergeLists joins what several decisions put into the same list.
func mergeLists(settings []setting) []setting {
	var out []setting
	for _, s := range settings {
		i := slices.IndexFunc(out, func(o setting) bool { return slices.Equal(o.path, s.path) })
		if i < 0 {
			out = append(out, s)
			continue
		}
		have, ok := out[i].value.(nix.List)
		more, ok2 := s.value.(nix.List)
		if ok && ok2 {
			out[i].value = append(slices.Clone(have), more...)
		} else {
			out[i] = s
		}
	}
	return out
}
