package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Nix evaluates and locks flakes with the nix command.
type Nix struct {
	Runner run.Runner // a retry.Runner repeats what the network broke
	Args   []string   // behind the rest
}

// evaluateAtOnce is how many systems one nix process evaluates: each takes some
// hundred megabytes that it does not give back before it ends.
const evaluateAtOnce = 8

// Toplevel is the system below a host's configuration.
const Toplevel = "config.system.build.toplevel"

// Derivations evaluates hosts to the derivations of their systems
// (/nix/store/….drv). The error has the code Build and names the host.
func (n Nix) Derivations(ctx context.Context, flake string, hosts []string) (map[string]string, error) {
	out, failed := n.Evaluate(ctx, flake, hosts, Toplevel+".drvPath")
	for _, name := range hosts {
		if err := failed[name]; err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Evaluate evaluates an attribute, a text, of many hosts' configurations. What
// fails is evaluated host by host, so that the others are known.
func (n Nix) Evaluate(
	ctx context.Context, flake string, hosts []string, attribute string,
) (map[string]string, map[string]error) {
	values, failed := map[string]string{}, map[string]error{}
	for chunk := range slices.Chunk(hosts, evaluateAtOnce) {
		some, err := n.evaluate(ctx, flake, chunk, attribute)
		alone := err != nil && len(chunk) > 1 && ctx.Err() == nil
		for _, name := range chunk {
			if alone {
				some, err = n.evaluate(ctx, flake, []string{name}, attribute)
			}
			if err != nil {
				failed[name] = err
				continue
			}
			values[name] = some[name]
		}
	}
	return values, failed
}

func (n Nix) evaluate(ctx context.Context, flake string, hosts []string, attribute string) (map[string]string, error) {
	// Host names are checked: letters, digits and hyphens.
	var names strings.Builder
	for _, h := range hosts {
		fmt.Fprintf(&names, " %q", h)
	}
	apply := fmt.Sprintf("hosts: builtins.listToAttrs (map (name: { inherit name; value = hosts.${name}.%s; }) [%s ])",
		attribute, names.String())
	args := append([]string{"eval", "--json"}, run.Flakes...)
	args = append(args, "--no-update-lock-file", flake+"#nixosConfigurations", "--apply", apply)
	res, err := n.Runner.Run(ctx, run.Command{Name: "nix", Args: append(args, n.Args...), Network: true})
	if err != nil {
		return nil, Fault("evaluate "+strings.Join(hosts, ", "), err, res)
	}
	out := map[string]string{}
	if err := json.Unmarshal([]byte(res.Stdout), &out); err != nil {
		return nil, fmt.Errorf("evaluate %s: %w", strings.Join(hosts, ", "), err)
	}
	return out, nil
}

// Fault is a failure of Nix with what it said, or with what helps where the network failed.
func Fault(what string, err error, res run.Result) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	var cause nixlog.Error
	if read, ok := errors.AsType[*retry.ReadError](err); ok {
		cause = read.Cause
	} else {
		cause = nixlog.Read(res.Stderr).Cause
	}
	code, hint := fault.Build, cause.Text()
	if _, spent := errors.AsType[*retry.SpentError](err); spent {
		code, hint = fault.Network, cause.Words().Hint
	}
	e := fault.New(code, "%s: %w", what, err)
	e.Child = run.CodeOf(err)
	if hint != "" {
		return e.Hint("%s", hint)
	}
	return e
}

// firstUpdateByName is the minor version of Nix 2 that takes names of inputs as
// arguments of flake update, and the flake as --flake (release notes of 2.19).
const firstUpdateByName = 19

// Update locks inputs of the flake in dir anew.
func (n Nix) Update(ctx context.Context, dir string, inputs []string) error {
	minor, err := n.minor(ctx)
	if err != nil {
		return err
	}
	ref := "path:" + dir
	args := append([]string{"flake", "update"}, run.Flakes...)
	if minor >= firstUpdateByName {
		args = append(append(args, "--flake", ref), inputs...)
	} else {
		args = append([]string{"flake", "lock"}, run.Flakes...)
		for _, name := range inputs {
			args = append(args, "--update-input", name)
		}
		args = append(args, ref)
	}
	res, err := n.Runner.Run(ctx, run.Command{Name: "nix", Args: append(args, n.Args...), Network: true})
	if err != nil {
		return Fault("update", err, res)
	}
	return nil
}

// minor is 34 for Nix 2.34.8.
func (n Nix) minor(ctx context.Context) (int, error) {
	res, err := n.Runner.Run(ctx, run.Command{Name: "nix", Args: []string{"--version"}, Timeout: time.Minute})
	if err != nil {
		return 0, fault.New(fault.Preflight, "ask for the version of Nix: %w", err).Hint("is Nix installed and in PATH?")
	}
	if m := nixVersion.FindStringSubmatch(res.Stdout); m != nil {
		return strconv.Atoi(m[1])
	}
	return firstUpdateByName, nil
}

// nixVersion is that of Nix 2 in what nix --version says.
var nixVersion = lazyregexp.New(`(?:^|\s)2\.(\d{1,4})(?:\.\S*)?\s*$`)
