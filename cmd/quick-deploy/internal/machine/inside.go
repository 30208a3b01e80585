package machine

import (
	"os"
	"path/filepath"
)

// Inside returns where an absolute path of the machine below root lies. Absolute links on the way lead to places of
// that machine, too.
func Inside(root, name string) string {
	at := "/"
	parts := splitPath(name)
	for links := 0; len(parts) > 0; {
		next := filepath.Join(at, parts[0])
		parts = parts[1:]
		target, err := os.Readlink(filepath.Join(root, next))
		if links++; err != nil || links > 40 {
			at = next
			continue
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		parts = append(splitPath(target), parts...)
	}
	return filepath.Join(root, at)
}

func splitPath(name string) []string {
	var out []string
	for dir := filepath.Clean(name); dir != "/" && dir != "."; dir = filepath.Dir(dir) {
		out = append([]string{filepath.Base(dir)}, out...)
	}
	return out
}
