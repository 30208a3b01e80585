package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CollisionError says that two files cannot be in one folder everywhere, since the profile names hosts or users so.
type CollisionError struct{ What, Hint string }

func (e *CollisionError) Error() string { return e.What }

// Check refuses sets of paths that cannot be written faithfully everywhere: those that leave the folder, that collide,
// also on a file system that ignores case, or that name both a file and a directory.
func Check(paths []string) error {
	folded := make(map[string]string, len(paths))
	for _, p := range paths {
		if err := checkPath(p); err != nil {
			return fmt.Errorf("generated file %q: %w", p, err)
		}
		key := strings.ToLower(p)
		if other, ok := folded[key]; ok {
			if other == p {
				return fmt.Errorf("generated file %s: generated twice", p)
			}
			return &CollisionError{
				fmt.Sprintf("the files %s and %s differ only in case: they are one file on some file systems", other, p),
				"rename one of the hosts or users",
			}
		}
		folded[key] = p
	}
	for _, p := range paths {
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			if other, ok := folded[strings.ToLower(dir)]; ok {
				return &CollisionError{What: fmt.Sprintf("%s would have to be a file and, for %s, a directory", other, p)}
			}
		}
	}
	return nil
}

// checkPath refuses what cannot be the path of a generated file everywhere.
func checkPath(p string) error {
	if p == "." || !fs.ValidPath(p) {
		return errors.New("not a path inside the tree")
	}
	if !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl) || strings.Contains(p, `\`) {
		return errors.New("characters not allowed in a file name")
	}
	for part := range strings.SplitSeq(p, "/") {
		if strings.EqualFold(part, ".git") {
			return errors.New("inside a git repository's own files")
		}
		if len(part) > 200 {
			return errors.New("longer than 200 bytes")
		}
	}
	if strings.EqualFold(p, Path) {
		return errors.New("the manifest's own path")
	}
	return nil
}
