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
		if also := n.Get("also"); also != nil {
			for _, item := range also.Items {
				names = append(names, item.Str())
			}
		}
	}
	for _, name := range names {
		if name == "none" {
			continue
		}
		h.summary.Desktop = true
		h.modules["desktop/session.nix"] = true
		h.modules["desktop/"+name+".nix"] = true
	}
	return nil
}
