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
	return clean(filepath.Dir(path), func(name string) bool { return name == filepath.Base(path) })
}

// CleanDir is Clean for every file of a directory that holds nothing but what this program wrote.
func CleanDir(dir string) error { return clean(dir, func(string) bool { return true }) }

func clean(dir string, of func(name string) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clean up %s: %w", dir, err)
	}
	for _, e := range entries {
		if name, ok := leftover(e.Name()); !ok || !of(name) || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clean up %s: %w", dir, err)
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
