package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

var platform = Check{
	Name: "platform", building: true,
	Doc: "Nix can build for the platform of the host here, natively, by emulation or on a builder",
	// Nix says the same, "a 'aarch64-linux' with features {} is required", when it has evaluated everything.
	find: func(ctx context.Context, v *visit) {
		if v.Arch == "" || v.to.System == "" || v.to.System == v.Arch+"-linux" {
			return
		}
		systems, err := v.buildsFor(ctx)
		if err != nil || slices.Contains(systems, v.to.System) {
			return // Without its settings Nix may be able to.
		}
		fix := "emulate it with boot.binfmt.emulatedSystems here, or name a builder in nix.buildMachines"
		if v.to.Remote {
			fix = "deployment: {buildOnTarget: true} builds on the host itself; or " + fix
		}
		v.blocker(fix, "%s is %s, which Nix neither builds on this machine (%s) nor has a builder for",
			v.to.Name, v.to.System, systems[0])
	},
}

// nixSettings are settings of Nix, by their names in nix.conf(5).
type nixSettings struct {
	System    struct{ Value string }
	Platforms struct{ Value []string } `json:"extra-platforms"`
	Builders  struct{ Value string }
}

// buildsFor returns the platforms that Nix builds for, by itself and on its builders; its own comes first.
func (m *Machine) buildsFor(ctx context.Context) ([]string, error) {
	var set nixSettings
	var err error
	// Nix before 2.20 has it under the second name.
	for _, name := range [][]string{{"config", "show"}, {"show-config"}} {
		args := slices.Concat([]string{"--extra-experimental-features", "nix-command"}, name, []string{"--json"})
		var res run.Result
		if res, err = m.Runner.Run(ctx, run.Command{Name: "nix", Args: args, Timeout: time.Minute}); err == nil {
			err = json.Unmarshal([]byte(res.Stdout), &set)
			break
		}
	}
	if err != nil {
		return nil, err
	}
	builders, err := m.builders(set.Builders.Value)
	return slices.Concat([]string{set.System.Value}, set.Platforms.Value, builders), err
}

// builders returns the platforms of all builders: lines of address, platforms, key and more,
// or files of such lines (the setting builders in nix.conf(5)). A builder that does not
// name its platforms has that of this machine.
func (m *Machine) builders(text string) ([]string, error) {
	var out []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ';' }) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if file, named := strings.CutPrefix(fields[0], "@"); named {
			more, err := m.buildersIn(file)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		} else if len(fields) > 1 && fields[1] != "-" {
			out = append(out, strings.Split(fields[1], ",")...)
		}
	}
	return out, nil
}

// buildersIn reads a file of builders, as the default /etc/nix/machines, which may not be there.
func (m *Machine) buildersIn(file string) ([]string, error) {
	text := m.system().Text(file)
	switch _, err := m.system().Stat(file); {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case strings.Contains(text, "system-types"):
		return nil, errors.New(file + " is in the form of Lix, which is not read here")
	case strings.HasPrefix(strings.TrimSpace(text), "@"):
		return nil, errors.New(file + " names another file")
	}
	return m.builders(text)
}
