package deploy

import "github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/progress"

// plainLog turns Nix's internal-json log back into what a person would have seen.
func plainLog(s string) string { return progress.Plain(s) }
