package closure

import (
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Units are what a switch would do to the units of systemd.
type Units struct {
	Stop    []string `json:"stop"`
	Start   []string `json:"start"`
	Restart []string `json:"restart"`
	Reload  []string `json:"reload"`
	// Kept have changed and go on running as they are.
	Kept []string `json:"kept"`
}

// Empty tells that nothing happens to any unit.
func (u Units) Empty() bool {
	return len(u.Stop)+len(u.Start)+len(u.Restart)+len(u.Reload)+len(u.Kept) == 0
}

// sentence fits those of switch-to-configuration: "would restart the following units: a.service, b.service".
var sentence = lazyregexp.New(
	`(?m)^would (stop|start|restart|reload|NOT stop|NOT restart) the following (?:changed )?units: (.+)$`)

// ParseUnits reads what "switch-to-configuration dry-activate" says.
func ParseUnits(out string) Units {
	u := Units{Stop: []string{}, Start: []string{}, Restart: []string{}, Reload: []string{}, Kept: []string{}}
	lists := map[string]*[]string{
		"stop": &u.Stop, "start": &u.Start, "restart": &u.Restart, "reload": &u.Reload,
		"NOT stop": &u.Kept, "NOT restart": &u.Kept,
	}
	for _, m := range sentence.FindAllStringSubmatch(out, -1) {
		list := lists[m[1]]
		for name := range strings.SplitSeq(m[2], ",") {
			if name = strings.TrimSpace(name); name != "" && !slices.Contains(*list, name) {
				*list = append(*list, name)
			}
		}
	}
	return u
}
