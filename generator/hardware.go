package generator

import (
	"encoding/json"
	"fmt"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// hardware decides about drivers, boot loader and file systems and writes
// hardware-configuration.nix.
func (h *host) hardware() error {
	over := hardware.Overrides{}
	if n := h.profile.Node.Get("hardware"); n != nil {
		data, err := json.Marshal(n.Any())
		if err != nil {
			return fmt.Errorf("read hardware: %w", err)
		}
		if err := json.Unmarshal(data, &over); err != nil {
			return fmt.Errorf("read hardware: %w", err)
		}
	}
	facts, probed := h.in.Facts[h.profile.Name]
	if n := h.profile.Node.Get("system"); n != nil {
		facts.System = n.Str()
	}
	decision, err := hardware.Decide(facts, over)
	if err != nil {
		h.problem(h.profile.Node.Get("hardware"), "hardware", err.Error(), "")
		return nil
	}
	h.summary.System, h.summary.Probed, h.summary.Decision = decision.System, probed, decision
	for _, name := range decision.Unfree {
		h.unfree[name] = true
	}
	file, err := decision.Module()
	if err != nil {
		return err
	}
	return h.write("hardware-configuration.nix", file)
}
