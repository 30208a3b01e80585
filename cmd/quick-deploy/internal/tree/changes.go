package tree

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
)

// Action is what a plan has in mind for a file.
type Action string

// The actions.
const (
	Create    Action = "create"    // there is no such file
	Update    Action = "update"    // the file is as the tool left it, and is to become another
	Remove    Action = "remove"    // the profile no longer needs it, and it is as the tool left it
	Unchanged Action = "unchanged" // the file is as wanted
	Conflict  Action = "conflict"  // the file was edited by hand
	Foreign   Action = "foreign"   // there is a file that the tool did not write
	Kept      Action = "kept"      // the file is the user's: created once, locked anew, or beside an edited one
	Released  Action = "released"  // no longer needed, but edited: it stays until somebody moves or removes it
)

// Change is a file with what is to become of it.
type Change struct {
	Path   string
	Action Action
	// Old is the content on disk, New the wanted one; nil where there is none,
	// and both nil for a file that is unchanged.
	Old, New []byte

	record  string      // hash for the manifest: that of what the tool last wrote, or is to write
	fresh   string      // hash of what was generated
	once    bool        // goes under "once" in the manifest
	adapted bool        // New is the user's content, adapted, and not what was generated
	beside  Action      // what was planned before File.Beside made it Kept
	seen    fs.FileInfo // the file as it was when the plan was made; nil if there was none
	now     string      // hash of the content on disk if that is ours, else ""
}

// Changes is a plan: what has to happen for a directory to hold a set of files.
type Changes struct {
	Files []Change // sorted by path

	// Aside says that the manifest cannot be read and will be set aside.
	Aside bool

	was, want   manifest.Manifest
	wasRaw      []byte
	wasSeen     fs.FileInfo // the manifest as it was before it was read; nil if there was none
	began       time.Time   // when the plan was begun, by clock
	wantRaw     []byte
	leftovers   []string // temporary files of a run that was cut short
	interrupted bool
}

// Interrupted reports whether an earlier run was cut short while it wrote.
func (c Changes) Interrupted() bool { return c.interrupted }

// Count is the number of files with one of the actions.
func (c Changes) Count(actions ...Action) int { return len(c.With(actions...)) }

// With are the files with one of the actions.
func (c Changes) With(actions ...Action) []Change {
	var out []Change
	for _, f := range c.Files {
		if slices.Contains(actions, f.Action) {
			out = append(out, f)
		}
	}
	return out
}

// Pending reports whether the directory differs from what is wanted: files to
// write or to remove, or hand edits in the way. Files that are the user's do
// not count, nor does a manifest that only has to note a new profile hash.
func (c Changes) Pending() bool {
	return c.Count(Create, Update, Remove, Conflict, Foreign, Released) > 0
}

// InTheWay are the files that Apply leaves alone unless it is forced.
func (c Changes) InTheWay() []Change { return c.With(Conflict, Foreign) }

// Orphans are files that somebody wrote or edited and nothing uses any more, such as local.nix of a host that has
// another name now.
func (c Changes) Orphans() []Change { return c.With(Released) }

// Forced are the files that Apply overwrites or removes if it is forced: what is in the way, and orphans, but
// for those that were the user's from the beginning.
func (c Changes) Forced() []Change {
	return slices.DeleteFunc(c.With(Conflict, Foreign, Released), func(f Change) bool { return f.once })
}

// Move is files that somebody wrote for a host that is no longer there, with the host that they may be for now.
type Move struct {
	// From and To are folders of the tree; To is empty where no host is new.
	From, To string
	// Names are the files and folders in From.
	Names []string
}

// Moves are the folders of hosts that hold orphans and nothing that is wanted. A host is new if its local.nix is
// not there yet, or as the tool made it.
func (t *Tree) Moves(c Changes) ([]Move, error) {
	used, orphaned, fresh := map[string]bool{}, map[string]bool{}, []string{}
	for _, f := range c.Files {
		host := hostDir(f.Path)
		switch {
		case host == "":
		case f.Action == Released:
			orphaned[host] = true
		case f.Action != Remove:
			used[host] = true
			untouched, err := t.untouched(f)
			if err != nil {
				return nil, err
			}
			if untouched {
				fresh = append(fresh, host)
			}
		}
	}
	var out []Move
	for _, host := range slices.Sorted(maps.Keys(orphaned)) {
		if used[host] {
			continue
		}
		m := Move{From: host}
		if len(fresh) == 1 {
			m.To = fresh[0]
		}
		entries, err := os.ReadDir(t.abs(host))
		if err != nil {
			return nil, onDisk("read", t.abs(host), err)
		}
		for _, e := range entries {
			name := host + "/" + e.Name()
			if !slices.ContainsFunc(c.With(Remove), func(f Change) bool { return f.Path == name }) {
				m.Names = append(m.Names, e.Name())
			}
		}
		out = append(out, m)
	}
	return out, nil
}

// hostDir is the folder of the host that a file belongs to, "" if it belongs to none.
func hostDir(p string) string {
	parts := strings.SplitN(p, "/", 3)
	if len(parts) < 3 || parts[0] != "hosts" {
		return ""
	}
	return parts[0] + "/" + parts[1]
}

// untouched reports whether a file that is made once is as it was made, or is yet to be made.
func (t *Tree) untouched(f Change) (bool, error) {
	if !f.once || f.Action == Create {
		return f.once, nil
	}
	have, _, err := t.read(f.Path, nil)
	return err == nil && encode.Hash(have) == f.record, err
}

// Summary is one line: "3 to create, 1 to update, 2 edited by hand (kept)".
func (c Changes) Summary() string {
	var parts []string
	for _, p := range []struct {
		action Action
		text   string
	}{
		{Create, "to create"},
		{Update, "to update"},
		{Remove, "to remove"},
		{Conflict, "edited by hand"},
		{Foreign, "not written by quick-deploy"},
		{Released, "edited by hand and no longer needed"},
	} {
		if n := c.Count(p.action); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, p.text))
		}
	}
	if len(parts) == 0 {
		return "no changes"
	}
	return strings.Join(parts, ", ")
}

// MarshalJSON writes the plan without the contents: the files that are not
// simply unchanged, and the number of files by action.
func (c Changes) MarshalJSON() ([]byte, error) {
	type change struct {
		Path    string `json:"path"`
		Action  Action `json:"action"`
		Added   int    `json:"added"`
		Removed int    `json:"removed"`
	}
	out := struct {
		Changes          []change       `json:"changes"`
		Counts           map[Action]int `json:"counts"`
		ManifestSetAside bool           `json:"manifestSetAside,omitempty"`
		Interrupted      bool           `json:"interrupted,omitempty"`
	}{Changes: []change{}, Counts: map[Action]int{}, ManifestSetAside: c.Aside, Interrupted: c.interrupted}
	for _, f := range c.Files {
		out.Counts[f.Action]++
		if f.Action == Unchanged || f.Action == Kept {
			continue
		}
		added, removed := f.lines()
		out.Changes = append(out.Changes, change{f.Path, f.Action, added, removed})
	}
	return json.Marshal(out)
}
