package deploy

import (
	"context"
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
	text := c.String()
	hit := strings.Contains(text, f.match) && strings.Contains(text, f.with)
	if f.with == "--set" || f.with == "switch-to-configuration boot" {
		hit = strings.Contains(text, f.with) && strings.Contains(text, f.hash(f.flake())) // not those that put back
	}
	res, err := f.world.Run(ctx, c)
	if err == nil && hit {
		*f.count++
		return run.Result{Code: f.code}, &run.Error{Command: text, Code: f.code}
	}
	return res, err
}
