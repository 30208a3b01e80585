package health

import (
	"context"
	"fmt"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// Home is well if User's home-manager generation is the one that was deployed; Target: its store
// path, "" for any.
var Home = here("home", func(ctx context.Context, c *Checker, check Check) (string, error) {
	user := system.User{Name: check.User, State: c.StateHome(check.User)}
	home, known, err := system.LookHome(ctx, c.Runner, c.Paths, user)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %w", errUnknown, err)
	case !known:
		return "", fmt.Errorf("%w: no permission to read the profile of %s", errUnknown, check.User)
	case home == "":
		return "", fmt.Errorf("%s has no home-manager generation", check.User)
	case check.Target != "" && home != check.Target:
		return "", fmt.Errorf("%s's home-manager generation is %s, not %s", check.User, home, check.Target)
	}
	return home, nil
})
