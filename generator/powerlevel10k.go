package generator

import (
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/powerlevel10k"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// powerlevel10k writes the prompt's configuration of each user who has it.
func (h *host) powerlevel10k() error {
	for _, use := range h.mapped.Homes {
		if use.Name != "powerlevel10k" {
			continue
		}
		text := func(key string) string { return use.Node.Get(key).Str() }
		is := func(key string) bool {
			n := use.Node.Get(key)
			return n != nil && n.Kind == profile.Bool && n.Scalar == true
		}
		config, err := powerlevel10k.Config(powerlevel10k.Choices{
			Style: text("style"), Colors: text("colors"), Background: text("background"), Time: text("time"),
			Path: text("path"), Context: text("context"), Transient: text("transient"),
			Icon: is("icon"), Venv: is("venv"),
		})
		if err != nil {
			return err
		}
		h.assign(mapping.Assignment{
			User: use.User, Path: []string{"xdg", "configFile", "zsh/p10k.zsh", "text"}, Value: nix.Text(config),
			Origin: use.Node.Origin(), Node: use.Node,
		})
	}
	return nil
}
