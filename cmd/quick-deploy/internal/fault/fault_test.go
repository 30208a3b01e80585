package fault

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"testing"
)

func TestCodeOf(t *testing.T) {
	missing := &exec.Error{Name: "nix", Err: exec.ErrNotFound}
	slow := fmt.Errorf("nix build: %w", context.DeadlineExceeded)
	for name, c := range map[string]struct {
		err  error
		want Code
	}{
		"none":                       {nil, OK},
		"any":                        {errors.New("x"), Unexpected},
		"outermost":                  {New(Build, "x: %w", New(Network, "y")), Build},
		"missing":                    {missing, NotFound},
		"missing, at a build":        {New(Build, "x: %w", missing), NotFound},
		"missing, before anything":   {New(Preflight, "x: %w", missing), NotFound},
		"missing, asked for by flag": {New(Usage, "--nom: %w", missing), Usage},
		"slow build":                 {New(Build, "x: %w", slow), Timeout},
		"slow activation":            {New(Activation, "x: %w", slow), Timeout},
		"slow, and not put back":     {New(RollbackFailed, "x: %w", slow), RollbackFailed},
		"slow network":               {New(Network, "x: %w", slow), Network},
		"slow health":                {New(Health, "x: %w", slow), Health},
	} {
		if got := CodeOf(c.err); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
