package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Clean removes the temporary files that a WriteFile of path left when its
// process was killed: siblings named like it, with a dot before and the
// writer's digits behind. The caller sees to it that nobody writes the file now.
func Clean(path string) error {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("clean up beside %s: %w", path, err)
	}
	for _, e := range entries {
		if name, ok := leftover(e.Name()); !ok || name != base || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clean up beside %s: %w", path, err)
		}
	}
	return nil
}

// CleanDir is Clean for every file of a directory that holds nothing but what this program wrote.
func CleanDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("clean up %s: %w", dir, err)
	}
	for _, e := range entries {
		if name, ok := leftover(e.Name()); ok {
			if err := Clean(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// leftover reads the name of the file out of that of a temporary one: renameio
// puts a dot before it and a random number of many digits behind it.
func leftover(name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, ".")
	target := strings.TrimRight(rest, "0123456789")
	return target, ok && target != "" && len(rest)-len(target) >= 6
}
