package health

import (
	"context"
	"errors"
	"fmt"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// Mount is well if something is mounted at Target.
var Mount = here("mount", func(_ context.Context, c *Checker, check Check) (string, error) {
	m, err := c.machine().Mounted(check.Target)
	switch {
	case errors.Is(err, system.ErrNotMounted):
		return "", fmt.Errorf("nothing is mounted at %s", check.Target)
	case err != nil:
		return "", fmt.Errorf("%w: %w", errUnknown, err)
	}
	return fmt.Sprintf("%s on %s (%s)", m.Source, m.Point, m.Type), nil
})
