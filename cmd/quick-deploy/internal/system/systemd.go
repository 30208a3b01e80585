package system

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// systemctl asks the systemd of the machine behind r: by systemctl and not by D-Bus, because the
// same command works through ssh. Times come in UTC, a zone that can be read back; the option
// --timestamp leaves those of timers out (systemd 257).
func systemctl(ctx context.Context, r run.Runner, args ...string) (string, error) {
	res, err := r.Run(ctx, run.Command{Name: "systemctl", Args: args, Env: []string{"TZ=UTC"}, Timeout: 30 * time.Second})
	return res.Stdout, err
}

// UnitStates asks for properties of units, in the names of org.freedesktop.systemd1(5), all at
// once. In the answer a unit is found by each of its names; one that does not exist is there, too.
func UnitStates[S ~map[string]string](
	ctx context.Context, r run.Runner, properties string, units []string,
) (map[string]S, error) {
	out := map[string]S{}
	if len(units) == 0 {
		return out, nil
	}
	text, err := systemctl(ctx, r, append([]string{"show", "--property=Id,Names," + properties, "--"}, units...)...)
	if err != nil {
		return nil, err
	}
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		state := S{}
		for line := range strings.Lines(block) {
			if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
				state[k] = v
			}
		}
		for _, name := range append(strings.Fields(state["Names"]), state["Id"]) {
			out[name] = state
		}
	}
	return out, nil
}

// UnitsIn lists the loaded units in one of some states, as "failed,activating", sorted.
func UnitsIn(ctx context.Context, r run.Runner, states string) ([]string, error) {
	text, err := systemctl(ctx, r, "list-units", "--all", "--full", "--state="+states, "--output=json")
	if err != nil || strings.TrimSpace(text) == "" {
		return nil, err
	}
	var units []struct{ Unit string }
	if err := json.Unmarshal([]byte(text), &units); err != nil {
		return nil, fmt.Errorf("read what systemctl lists: %w", err)
	}
	names := make([]string, len(units))
	for i, u := range units {
		names[i] = u.Unit
	}
	slices.Sort(names)
	return names, nil
}

// FailedUnits lists the units that have failed or fail again and again, sorted.
func FailedUnits(ctx context.Context, r run.Runner) ([]string, error) {
	return UnitsIn(ctx, r, "failed,auto-restart")
}
