package fault

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// The innermost place of ours is where an error arose.
func TestOriginOf(t *testing.T) {
	inner := New(Build, "x")
	for name, err := range map[string]error{
		"itself": inner, "wrapped": fmt.Errorf("y: %w", inner), "in another": New(Network, "y: %w", inner), "joined": errors.Join(inner, New(Usage, "z")),
		"in a literal": &Error{Code: Health, Err: inner},
	} {
		o, known := OriginOf(err)
		if want, _ := inner.origin(); !known || o != want || o.Function != "fault.TestOriginOf" || !strings.HasPrefix(o.Source, "fault_test.go:") {
			t.Errorf("%s: %+v, %t", name, o, known)
		}
	}
	if o, known := OriginOf(errors.New("x")); known {
		t.Errorf("an error of others arose at %+v", o)
	}
}

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
