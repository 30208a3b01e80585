package health

import (
	"context"
	"fmt"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/gpu"
)

// GPU is well if the driver answers, and the tools of the vendor that are installed; Target:
// nvidia, amd or intel.
var GPU = here("gpu", func(ctx context.Context, c *Checker, check Check) (string, error) {
	findings := gpu.Validator{Runner: c.Runner, Root: c.Root, Display: c.Display}.Validate(ctx, check.Target)
	if err := gpu.Problem(findings); err != nil {
		return "", err
	}
	summary := gpu.Summary(findings)
	if summary == "" {
		return "", fmt.Errorf("%w: the driver of %s is not active yet", errUnknown, check.Target)
	}
	return summary, nil
})
