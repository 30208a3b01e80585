package closure

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// UnitFiles are the unit files by which two systems differ. What a switch does to the units only
// switch-to-configuration knows; that it will be about these, the files tell at once and without root.
type UnitFiles struct{ Added, Changed, Removed []string }

// CompareUnitFiles compares the unit files of two systems of this machine. A system without any has none.
func CompareUnitFiles(old, new string) UnitFiles {
	before, after := unitFiles(old), unitFiles(new)
	var u UnitFiles
	for name, file := range after {
		switch was, ok := before[name]; {
		case !ok:
			u.Added = append(u.Added, name)
		case was != file:
			u.Changed = append(u.Changed, name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			u.Removed = append(u.Removed, name)
		}
	}
	for _, list := range [][]string{u.Added, u.Changed, u.Removed} {
		slices.Sort(list)
	}
	return u
}

// unitFiles are the unit files of a system, each with the file in the store that it leads to.
func unitFiles(system string) map[string]string {
	dir := filepath.Join(system, "etc/systemd/system")
	entries, _ := os.ReadDir(dir) // of a system without systemd there are none
	files := map[string]string{}
	for _, e := range entries {
		switch path.Ext(e.Name()) {
		case ".service", ".socket", ".timer", ".mount", ".automount", ".path", ".swap":
			if file, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name())); err == nil {
				files[e.Name()] = file
			}
		}
	}
	return files
}

// Summary says in a few words how two systems differ, "" where nothing is known to: 1 package added, 2 upgraded;
// redis.service is new.
func Summary(d Diff, u UnitFiles) string {
	var parts []string
	for _, k := range []Kind{Added, Removed, Upgraded, Downgraded} {
		if n := d.Count(k); n > 0 && len(parts) == 0 {
			parts = append(parts, term.Count(n, "package")+" "+string(k))
		} else if n > 0 {
			parts = append(parts, strconv.Itoa(n)+" "+string(k))
		}
	}
	sentences := []string{}
	if len(parts) > 0 {
		sentences = append(sentences, strings.Join(parts, ", "))
	}
	for _, l := range []struct {
		names     []string
		one, many string
	}{{u.Added, "is new", "are new"}, {u.Changed, "changes", "change"}, {u.Removed, "goes", "go"}} {
		const few = 3
		switch n := len(l.names); {
		case n == 0:
		case n == 1:
			sentences = append(sentences, l.names[0]+" "+l.one)
		case n <= few:
			sentences = append(sentences, strings.Join(l.names[:n-1], ", ")+" and "+l.names[n-1]+" "+l.many)
		default:
			sentences = append(sentences, term.Count(n, "unit")+" "+l.many)
		}
	}
	return strings.Join(sentences, "; ")
}
