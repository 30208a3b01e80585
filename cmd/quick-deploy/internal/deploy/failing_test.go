package deploy

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// failing is a world in which the commands that contain match and with do
// their work and then fail: the worst case, half done and reported as failed.
type failing struct {
	*world
	match, with string
	code        int
	count       *int
}

func (f *failing) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if c.Name == "/bin/sh" && !c.Elevate && c.Fresh {
		return f.world.Run(ctx, c) // the lease, which is written beside the rest
	}
	text := c.String()
	if f.with == "--set" || f.with == "switch-to-configuration boot" {
		f.match = f.hash(f.flake()) // not those that go back
	}
	if c.Elevate {
		f.unitFails = fmt.Sprintf("%d\t%s\t%s\n", f.code, f.match, f.with)
		defer func() { f.unitFails = "" }()
	}
	res, err := f.world.Run(ctx, c)
	if hits, _ := os.ReadFile(f.path("hits")); len(hits) > 0 {
		*f.count = len(hits)
	}
	if err == nil && strings.Contains(text, f.match) && strings.Contains(text, f.with) && c.Name != "/bin/sh" {
		*f.count++
		return run.Result{Code: f.code}, &run.Error{Command: text, Code: f.code}
	}
	return res, err
}
