package retry

import (
	"context"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Runner is a run.Runner that repeats the commands that say that the network
// can break them (run.Command.Network), and hands the others on.
type Runner struct {
	run.Runner
	Policy Policy
}

// Run implements run.Runner. The result is that of the last attempt.
func (r Runner) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if !c.Network {
		return r.Runner.Run(ctx, c)
	}
	var res run.Result
	err := r.Policy.Do(ctx, func(int) *Failure {
		var err error
		if res, err = r.Runner.Run(ctx, c); err == nil {
			return nil
		}
		return Failed(err, res.Stderr)
	})
	return res, err
}
