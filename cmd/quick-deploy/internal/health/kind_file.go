package health

import (
	"context"
	"fmt"
)

// File is well if Target exists.
var File = here("file", func(_ context.Context, c *Checker, check Check) (string, error) {
	if _, err := c.machine().Stat(check.Target); err != nil {
		return "", fmt.Errorf("%s is missing", check.Target)
	}
	return check.Target + " is there", nil
})
