package generator

import "github.com/quick-deploy/quick-deploy/generator/profile"

// desktop imports the modules of the desktops. The greeter follows the
// session that is preselected, inside the modules.
func (h *host) desktop() error {
	var names []string
	n := h.profile.Node.Get("desktop")
	switch {
	case n == nil:
	case n.Kind == profile.String:
		names = append(names, n.Str())
	default:
		names = append(names, n.Get("session").Str())
		names = append(names, n.Get("also").Texts()...)
	}
	for _, name := range names {
		if name == "none" {
			continue
		}
		h.summary.Desktop = true
		h.modules["desktop/session.nix"] = true
		h.modules["desktop/"+name+".nix"] = true
	}
	if f := h.profile.Node.Get("flatpak"); f != nil && f.Kind == profile.Map && !h.summary.Desktop {
		h.notice(f, "flatpak needs the portals of a desktop: name a desktop, or set xdg.portal under nixos:")
	}
	return nil
}
