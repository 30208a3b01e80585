package health

import (
	"context"
	"fmt"
)

// Program is well if Target is found in the new system's PATH.
var Program = here("program", func(_ context.Context, c *Checker, check Check) (string, error) {
	p := "/run/current-system/sw/bin/" + check.Target
	if _, err := c.machine().Stat(p); err != nil {
		return "", fmt.Errorf("%s is not in the system's PATH", check.Target)
	}
	return c.path(p), nil
})
