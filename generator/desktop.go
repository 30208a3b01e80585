package generator

import (
	"cmp"

	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// desktop imports the modules of the desktops. The greeter follows the
// session that is preselected, inside the modules.
func (h *host) desktop() error {
	n := h.node.Get("desktop")
	names := append([]string{cmp.Or(n.Str(), n.Get("session").Str(), "none")}, n.Get("also").Texts()...)
	for _, name := range names {
		if name == "none" {
			continue
		}
		h.summary.Desktop = true
		h.modules["desktop/session.nix"] = true
		h.modules["desktop/"+name+".nix"] = true
	}
	if f := h.node.Get("flatpak"); f != nil && f.Kind == profile.Map && !h.summary.Desktop {
		h.notice(f, "flatpak needs the portals of a desktop: name a desktop, or set xdg.portal under nixos:")
	}
	return nil
}
