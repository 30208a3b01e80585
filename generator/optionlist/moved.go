package optionlist

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// Move is an option that a release no longer has under its name.
type Move struct {
	Option string `json:"option"` // the option, or what it begins with
	Home   bool   `json:"home"`   // of home-manager
	Since  string `json:"since"`  // first release without it
	Use    string `json:"use"`    // what took its place, "" for nothing
	Why    string `json:"why"`
}

// movedJSON is the one place that knows what differs by release. Sources: the
// option lists of NixOS 25.11 and of nixpkgs-unstable at 26.05, the modules'
// mkRenamedOptionModule and mkRemovedOptionModule (26.11: at 4aa6836a648c), and home-manager's
// release-26.05 modules. The longest names come first among those with one beginning.
//
//go:embed moved.json
var movedJSON []byte

var moves = sync.OnceValues(func() ([]Move, error) {
	var list []Move
	err := json.Unmarshal(movedJSON, &list)
	return list, err
})

// AtLeast reports whether a release is since or a later one, as unstable always is.
func AtLeast(release, since string) bool { return release == "unstable" || release >= since }

// Moved tells whether a release has moved or removed the option at path.
func Moved(release string, home bool, path []string) (Move, bool) {
	list, err := moves()
	if err != nil {
		return Move{}, false
	}
	name := strings.Join(path, ".") + "."
	i := slices.IndexFunc(list, func(m Move) bool {
		return m.Home == home && strings.HasPrefix(name, m.Option+".") && AtLeast(release, m.Since)
	})
	if i < 0 {
		return Move{}, false
	}
	return list[i], true
}

// Rename is the name that the option at path has in a release.
func Rename(release string, home bool, path []string) []string {
	m, moved := Moved(release, home, path)
	if !moved || m.Use == "" {
		return path
	}
	return append(strings.Split(m.Use, "."), path[strings.Count(m.Option, ".")+1:]...)
}

// Hint says what to write instead of the option at path.
func (m Move) Hint(path []string) string {
	if m.Use == "" {
		return m.Why
	}
	rest := strings.TrimPrefix(strings.Join(path, "."), m.Option)
	return "use " + m.Use + rest
}
