package inputs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Flake is a flake whose inputs can be locked anew.
type Flake struct {
	Source, Lock []byte
	// Written says that the lock file lies in the flake's folder.
	Written bool
	// Builtin is the lock file where nobody chooses, and Pinned are the inputs that the
	// profile pins, by their names in the flake.
	Builtin []byte
	Pinned  map[string]profile.Pos
}

// Locker has Nix lock inputs of the flake in a folder anew.
type Locker interface {
	Update(ctx context.Context, dir string, names []string) error
}

// Updatable are the inputs to lock anew: those named, or all without those that the
// profile pins. Of the latter notes has a line each.
func (f Flake) Updatable(named []string) (names, notes []string, err error) {
	locked, err := flake.ReadLock(f.Lock)
	if err != nil {
		return nil, nil, err
	}
	all := flake.Direct(locked)
	for _, name := range named {
		if !slices.Contains(all, name) {
			e := fault.New(fault.Usage, "unknown input %q", name)
			if near := profile.Nearest(name, all); near != "" {
				return nil, nil, e.Hint("did you mean %s", near)
			}
			return nil, nil, e.Hint("the flake has %s", strings.Join(all, ", "))
		}
		if pos, ok := f.Pinned[name]; ok {
			return nil, nil, fault.New(fault.Usage, "%s is pinned by the profile, at %s", name, pos).
				Hint("change the pin there, or remove it and update")
		}
	}
	if len(named) > 0 {
		return named, nil, nil
	}
	for _, name := range all {
		if pos, ok := f.Pinned[name]; ok {
			notes = append(notes, fmt.Sprintf("%s: pinned by the profile, at %s", name, pos))
			continue
		}
		names = append(names, name)
	}
	return names, notes, nil
}

// Relock returns the lock file in which the named inputs are locked anew. It works in a folder of its
// own, so that nothing of the flake can change and an interrupted run leaves no trace.
func (f Flake) Relock(ctx context.Context, nix Locker, names []string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "quick-deploy-update-")
	if err != nil {
		return nil, fmt.Errorf("update: %w", err)
	}
	defer os.RemoveAll(dir)
	for name, data := range map[string][]byte{FlakeFile: f.Source, LockFile: f.Lock} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return nil, fmt.Errorf("update: %w", err)
		}
	}
	if err := nix.Update(ctx, dir, names); err != nil {
		return nil, err
	}
	now, err := regular.Read(filepath.Join(dir, LockFile))
	if err != nil {
		return nil, fmt.Errorf("update: %w", err)
	}
	return now, nil
}
