package fleet

import (
	"fmt"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Wave is a part of the fleet that is deployed before the next is begun.
type Wave struct {
	Name  string   `json:"name"`
	Hosts []string `json:"hosts"`
}

// LastWave holds the hosts that no selector of fleet.waves names.
const LastWave = "rest"

// Waves puts the selected hosts into the waves of the profile: each host into
// the first that names it. Waves without a selected host are left out.
func Waves(p *profile.Profile, f generator.Fleet, selected []*profile.Host) ([]Wave, error) {
	left := map[string]bool{}
	for _, h := range selected {
		left[h.Name] = true
	}
	var out []Wave
	add := func(name string, hosts []*profile.Host) {
		w := Wave{Name: name}
		for _, h := range hosts {
			if left[h.Name] {
				w.Hosts = append(w.Hosts, h.Name)
				delete(left, h.Name)
			}
		}
		if len(w.Hosts) > 0 {
			out = append(out, w)
		}
	}
	for _, selector := range f.Waves {
		hosts, err := p.Select(selector)
		if err != nil {
			return nil, fmt.Errorf("wave %s: %w", selector, err)
		}
		add(strings.TrimPrefix(selector, "@"), hosts)
	}
	add(LastWave, selected)
	return out, nil
}

// Only is the wave of that name; false if there is none.
func Only(waves []Wave, name string) (Wave, bool) {
	for _, w := range waves {
		if w.Name == strings.TrimPrefix(name, "@") {
			return w, true
		}
	}
	return Wave{}, false
}
