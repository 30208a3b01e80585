package app

import (
	"os"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// WriteProfile writes an edited profile, if it is still valid; a dry run prints it.
func (a *App) WriteProfile(l *Loaded, text []byte) error {
	if _, err := a.LoadText(l.Name, text); err != nil {
		return err
	}
	if a.DryRun {
		return a.PrintFile(l.Name, text)
	}
	info, err := os.Stat(l.Name)
	if err != nil {
		return fault.New(fault.Profile, "write the profile: %w", err)
	}
	return writeNamed(l.Name, text, info.Mode().Perm())
}
