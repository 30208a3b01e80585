package fleet

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// transcript keeps the last lines that an engine said about each machine.
type transcript struct {
	fleet *Fleet
	hosts []*Host
	lines map[string][]string
	// activating says that a machine began to change.
	activating bool
}

// activating is what switch-to-configuration, colmena and deploy-rs say when a system is activated.
var activating = regexp.MustCompile(`(?i)\bactivat(?:ing|ed|ion)\b`)

// keepLines is how many lines of each machine are kept.
const keepLines = 12

// line takes a line of the engine. colmena puts the machine's name and a bar
// before it; with a single machine every line is about it.
func (t *transcript) line(_ run.Stream, text string) {
	t.activating = t.activating || activating.MatchString(text)
	host := ""
	if name, rest, ok := strings.Cut(text, " | "); ok {
		name = strings.TrimSpace(name)
		if slices.ContainsFunc(t.hosts, func(h *Host) bool { return h.Name == name }) {
			host, text = name, rest
		}
	}
	if host == "" && len(t.hosts) == 1 {
		host = t.hosts[0].Name
	}
	if t.lines == nil {
		t.lines = map[string][]string{}
	}
	kept := append(t.lines[host], text)
	t.lines[host] = kept[max(0, len(kept)-keepLines):]
	t.fleet.tell(journal.Event{Type: "line", Host: host, Message: text})
}

// failure is the engine's error with what it said about the machine.
func (t *transcript) failure(host string, err error) error {
	if err == nil {
		return nil
	}
	said := t.lines[host]
	if len(said) == 0 {
		said = t.lines[""]
	}
	why := ""
	for _, line := range slices.Backward(said) {
		if line = strings.TrimSpace(line); line != "" {
			why = line
			break
		}
	}
	var e *run.Error
	if why == "" || !errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("%w: %s", err, why)
}
