package generator

import (
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/powerlevel10k"
)

// powerlevel10k writes the prompt's configuration of each user who has it.
func (h *host) powerlevel10k() error {
	for _, use := range h.mapped.Homes {
		if use.Name != "powerlevel10k" {
			continue
		}
		var choices powerlevel10k.Choices
		if err := use.Node.Decode(&choices); err != nil {
			return err
		}
		config, err := powerlevel10k.Config(choices)
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
