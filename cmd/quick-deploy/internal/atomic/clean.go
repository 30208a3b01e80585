package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// tempSuffix ends the names of temporary files, by which the next run finds what a crash left.
const tempSuffix = ".quick-deploy-new"

var temporary = lazyregexp.New(`^\..+\.\d+` + regexp.QuoteMeta(tempSuffix) + `$`)

// Leftovers lists the temporary files in dir that writes left when the process was killed, and those of a write
// that is under way. A dir that is not there has none.
func Leftovers(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if e.Type().IsRegular() && temporary.MatchString(e.Name()) {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	return found, nil
}

// Clean removes the Leftovers of one file, or of all where file is "": only in a directory that holds nothing but
// what this program wrote. The caller sees to it that nobody writes them now.
func Clean(dir, file string) error {
	found, err := Leftovers(dir)
	for _, name := range found {
		if file != "" && !strings.HasPrefix(filepath.Base(name), "."+file+".") {
			continue
		}
		if e := os.Remove(name); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		return fmt.Errorf("clean up %s: %w", dir, err)
	}
	return nil
}
