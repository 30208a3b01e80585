// Package backup keeps copies of files before a run changes them.
//
// A backup is one directory below one root: files/ holds the copies under
// their absolute paths, manifest.json says what, from where, with which hash
// and why. The manifest is written last: a directory without one is what a crash
// left and counts for nothing.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/encode"
)

// Version is the version of manifest.json.
const Version = 1

// MaxFile is the size above which a file is left out and named in LeftOut, bytes.
// No file that this program writes comes near it.
const MaxFile = 16 << 20

// Store is the root of all backups.
type Store struct {
	Dir    string
	Writer atomic.Writer
	Now    func() time.Time
}

// Item is something to back up: a file, a link, or a directory with all in it.
type Item struct {
	Path string // absolute
	Why  string
	// Skip leaves paths below a directory out; nil: none.
	Skip func(path string, d fs.DirEntry) bool
}

// Entry is one copied file.
type Entry struct {
	Source string      `json:"source"` // absolute
	Copy   string      `json:"copy"`   // relative to the backup; "" for a link
	Mode   fs.FileMode `json:"mode"`
	Link   string      `json:"link,omitempty"` // target of a symbolic link
	Hash   string      `json:"hash,omitempty"` // SRI, of the content
	Why    string      `json:"why"`
}

// Manifest describes one backup.
type Manifest struct {
	Version int       `json:"version"`
	ID      string    `json:"id"`
	Run     int       `json:"run"` // the run that made it
	Made    time.Time `json:"made"`
	Entries []Entry   `json:"entries"`
	LeftOut []string  `json:"left_out,omitempty"`
}

// NewID returns an unused directory name: YYYYMMDD_HHMMSS, with a number behind it
// if the clock has been there before.
func (s *Store) NewID() string {
	base := s.Now().Format("20060102_150405")
	id := base
	for n := 2; ; n++ {
		if _, err := os.Lstat(filepath.Join(s.Dir, id)); errors.Is(err, fs.ErrNotExist) {
			return id
		}
		id = fmt.Sprintf("%s-%d", base, n)
	}
}

// Make copies the items. Absent ones are no error. Called again with the same
// id after a crash, it starts over.
func (s *Store) Make(ctx context.Context, id string, run int, items []Item) (Manifest, error) {
	m := Manifest{Version: Version, ID: id, Run: run, Made: s.Now(), Entries: []Entry{}}
	root := filepath.Join(s.Dir, id)
	if err := os.MkdirAll(root, 0o700); err != nil {
		return m, fmt.Errorf("make backup: %w", err)
	}
	for _, item := range items {
		err := filepath.WalkDir(item.Path, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if path != item.Path && item.Skip != nil && item.Skip(path, d) {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if d.IsDir() {
				return nil
			}
			return s.add(&m, root, path, d, item.Why)
		})
		if err != nil {
			return m, fmt.Errorf("back up %s: %w", item.Path, err)
		}
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, fmt.Errorf("back up: %w", err)
	}
	return m, s.Writer.WriteFile(filepath.Join(root, "manifest.json"), append(data, '\n'), 0o600)
}

func (s *Store) add(m *Manifest, root, path string, d fs.DirEntry, why string) error {
	fi, err := d.Info()
	if err != nil {
		return err
	}
	e := Entry{Source: path, Mode: fi.Mode(), Why: why}
	switch {
	case fi.Mode()&fs.ModeSymlink != 0:
		if e.Link, err = os.Readlink(path); err != nil {
			return err
		}
	case !fi.Mode().IsRegular(), fi.Size() > MaxFile:
		m.LeftOut = append(m.LeftOut, path)
		return nil
	default:
		data, err := regular.Read(path)
		if err != nil {
			return err
		}
		e.Hash = encode.Hash(data)
		e.Copy = filepath.Join("files", path)
		dest := filepath.Join(root, e.Copy)
		if err := os.MkdirAll(filepath.Dir(dest), 0o700); err != nil {
			return err
		}
		// The mode is kept in the manifest; the copy itself is for its owner only.
		if err := s.Writer.WriteFile(dest, data, 0o600); err != nil {
			return err
		}
	}
	m.Entries = append(m.Entries, e)
	return nil
}

// List reads all complete backups, newest first by the order they were made in.
func (s *Store) List() ([]Manifest, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list backups: %w", err)
	}
	var out []Manifest
	for _, e := range entries {
		if m, err := s.Get(e.Name()); err == nil {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b Manifest) int {
		if a.Run != b.Run {
			return b.Run - a.Run // runs are numbered in order, whatever the clock says
		}
		return strings.Compare(b.ID, a.ID)
	})
	return out, nil
}

// Get reads one backup's manifest.
func (s *Store) Get(id string) (Manifest, error) {
	var m Manifest
	if id == "" || id != filepath.Base(id) || id == ".." || id == "." {
		return m, fmt.Errorf("unknown backup %q", id)
	}
	data, err := regular.Read(filepath.Join(s.Dir, id, "manifest.json"))
	if err != nil {
		return m, fmt.Errorf("backup %s: %w", id, err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("backup %s: %w", id, err)
	}
	if m.Version != Version {
		return m, fmt.Errorf("backup %s: format %d, but this version reads only %d", id, m.Version, Version)
	}
	return m, nil
}

// Content reads the copy of an entry and checks its hash.
func (s *Store) Content(m Manifest, e Entry) ([]byte, error) {
	if !filepath.IsLocal(e.Copy) {
		return nil, fmt.Errorf("backup %s: the copy %q is outside it", m.ID, e.Copy)
	}
	data, err := regular.Read(filepath.Join(s.Dir, m.ID, e.Copy))
	if err != nil {
		return nil, fmt.Errorf("backup %s: %w", m.ID, err)
	}
	if encode.Hash(data) != e.Hash {
		return nil, fmt.Errorf("backup %s: the copy of %s was changed or damaged", m.ID, e.Source)
	}
	return data, nil
}

// differs says whether the file that e was made from is now other than the copy.
func (e Entry) differs() (bool, error) {
	fi, err := os.Lstat(e.Source)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if e.Link != "" {
		if fi.Mode()&fs.ModeSymlink == 0 {
			return true, nil
		}
		l, err := os.Readlink(e.Source)
		return l != e.Link, err
	}
	if !fi.Mode().IsRegular() {
		return true, nil
	}
	data, err := regular.Read(e.Source)
	return err == nil && (encode.Hash(data) != e.Hash || fi.Mode().Perm() != e.Mode.Perm()), err
}

// restore puts one file back, with its mode.
func (s *Store) restore(m Manifest, e Entry) error {
	err := os.MkdirAll(filepath.Dir(e.Source), 0o755)
	if err == nil && e.Link != "" {
		err = renameio.Symlink(e.Link, e.Source)
	}
	if err != nil {
		return fmt.Errorf("restore %s: %w", e.Source, err)
	}
	if e.Link != "" {
		return nil
	}
	data, err := s.Content(m, e)
	if err != nil {
		return err
	}
	return s.Writer.WriteFile(e.Source, data, e.Mode.Perm())
}

// Changed lists the entries that match accepts (nil: all) and whose file is other than the copy. All their copies
// are checked.
func (s *Store) Changed(m Manifest, match func(Entry) bool) ([]Entry, error) {
	var changed []Entry
	for _, e := range m.Entries {
		if match != nil && !match(e) {
			continue
		}
		differs, err := e.differs()
		if err != nil {
			return nil, fmt.Errorf("restore %s: %w", e.Source, err)
		}
		if !differs {
			continue
		}
		if e.Link == "" {
			if _, err := s.Content(m, e); err != nil {
				return nil, err
			}
		}
		changed = append(changed, e)
	}
	return changed, nil
}

// Restore puts the entries that are Changed back, and says which.
func (s *Store) Restore(ctx context.Context, m Manifest, match func(Entry) bool) ([]string, error) {
	todo, err := s.Changed(m, match)
	if err != nil {
		return nil, err
	}
	var done []string
	for _, e := range todo {
		if err := atomic.Clean(filepath.Dir(e.Source), filepath.Base(e.Source)); err != nil {
			return nil, err
		}
	}
	for _, e := range todo {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		if err := s.restore(m, e); err != nil {
			return done, err
		}
		done = append(done, e.Source)
	}
	return done, nil
}

// Prune removes backups beyond the newest count that are older than age, except
// those in keep. What a crash left incomplete goes after a day.
func (s *Store) Prune(count int, age time.Duration, keep []string) error {
	all, err := s.List()
	if err != nil {
		return err
	}
	var old []string
	complete := map[string]bool{}
	for i, m := range all {
		complete[m.ID] = true
		if i >= count && s.Now().Sub(m.Made) >= age {
			old = append(old, m.ID)
		}
	}
	entries, err := os.ReadDir(s.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("prune backups: %w", err)
	}
	for _, e := range entries {
		fi, err := e.Info()
		if err != nil || !e.IsDir() || complete[e.Name()] || s.Now().Sub(fi.ModTime()) < 24*time.Hour {
			continue
		}
		if _, err := os.Stat(filepath.Join(s.Dir, e.Name(), "manifest.json")); err != nil {
			old = append(old, e.Name()) // else there is a manifest that could not be read: not ours to judge
		}
	}
	for _, id := range old {
		if slices.Contains(keep, id) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.Dir, id)); err != nil {
			return fmt.Errorf("prune backups: %w", err)
		}
	}
	return nil
}
