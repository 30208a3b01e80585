// Package source is where profiles are read from: the working directory, and the presets
// that ship with the program. It keeps what was read, for the lines that messages show.
package source

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/cleartext"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Source reads the files of a profile. Only regular files are read.
type Source struct {
	profile.FS
	// extendable are more folders than the profile's own that it may extend files of.
	extendable []string

	// name is the file whose content is text, "" for none.
	name string
	text []byte

	*Seen
}

// Seen are the files that were read, each once, for the lines in messages.
type Seen struct {
	mu   sync.Mutex
	read []profile.Content
	at   map[string]int // where a file is in read
	// partly says that a file could not be read, or had another content when it was read again.
	partly bool
}

// New reads below the working directory, and keeps in seen what it has read. A profile may
// extend files below the folders in extendable, beside its own.
func New(seen *Seen, extendable []string) (*Source, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	return &Source{
		FS:         profile.FS{Files: regular.FS("/"), Dir: filepath.ToSlash(dir), Presets: schema.Presets()},
		extendable: extendable,
		Seen:       seen,
	}, nil
}

// With is the source in which the file called name has another content.
func (f *Source) With(name string, text []byte) *Source {
	return &Source{FS: f.FS, extendable: f.extendable, name: name, text: text, Seen: f.Seen}
}

// ReadFile implements profile.Source.
func (f *Source) ReadFile(name string) ([]byte, error) {
	data, err := f.text, error(nil)
	if f.name == "" || name != f.name {
		data, err = f.FS.ReadFile(name)
	}
	if err != nil || len(data) > profile.MaxBytes {
		f.unsure()
		return data, err
	}
	f.add(profile.Content{Name: name, Data: data})
	return data, nil
}

func (s *Seen) add(c profile.Content) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.at[c.Name]; ok {
		s.partly = s.partly || !bytes.Equal(s.read[i].Data, c.Data)
		s.read[i] = c
		return
	}
	if s.at == nil {
		s.at = map[string]int{}
	}
	s.at[c.Name] = len(s.read)
	s.read = append(s.read, c)
}

func (s *Seen) unsure() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partly = true
}

// All are the files that were read; ok says that none is missing, and that each was the same whenever it was read.
func (s *Seen) All() (all []profile.Content, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.read), !s.partly
}

// MayExtend implements profile.Bounded: a profile extends what lies in its own
// folder or below, also behind links, and in folders that the user names.
func (f *Source) MayExtend(root, name string) error {
	if strings.HasPrefix(name, profile.PresetPrefix) {
		return nil
	}
	abs := func(name string) string {
		if !path.IsAbs(name) {
			name = path.Join("/", f.Dir, name)
		}
		return path.Clean(name)
	}
	allowed := []string{path.Dir(abs(root)), path.Dir(Real(abs(root)))}
	for _, dir := range f.extendable {
		allowed = append(allowed, abs(filepath.ToSlash(dir)))
	}
	below := func(name string) bool {
		for _, dir := range allowed {
			for _, dir := range []string{dir, Real(dir)} {
				if dir == "/" || strings.HasPrefix(name, dir+"/") {
					return true
				}
			}
		}
		return false
	}
	if name := abs(name); !below(name) || !below(Real(name)) {
		return profile.ErrOutside
	}
	return nil
}

// Real is name with its links followed; of a file that is not there, name itself.
func Real(name string) string {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		return target
	}
	return name
}

// content is what was read as the file called name.
func (s *Seen) content(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.at[name]; ok {
		return s.read[i].Data, nil
	}
	return nil, fs.ErrNotExist
}

// isYAML reports whether a message may show lines of the file: a profile may
// name any file, but only one that is meant to be YAML is shown.
func (s *Seen) isYAML(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml":
		return true
	}
	return strings.HasPrefix(name, profile.PresetPrefix) || len(s.read) > 0 && s.read[0].Name == name
}

// Veil hides the secrets of all files that were read, and what stands where
// problems say that a secret was found.
func (s *Seen) Veil(problems profile.Problems) *cleartext.Veil {
	var at []profile.Pos
	for _, p := range problems {
		if p.Code == profile.CodeSecret {
			at = append(at, p.Pos)
		}
	}
	root, err := schema.Root()
	if err != nil {
		root = nil // every name counts then
	}
	return cleartext.NewVeil(root, s.read, at)
}

// Shown reads a file of which a message shows a line: one of the profile, or
// one in Nix that an error of Nix names. Secrets are hidden in it.
func (s *Seen) Shown(veil *cleartext.Veil) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if data, err := s.content(name); err == nil {
			if !s.isYAML(name) {
				return nil, fs.ErrNotExist
			}
			return veil.Source(data), nil
		}
		if !filepath.IsAbs(name) || filepath.Ext(name) != ".nix" {
			return nil, fs.ErrNotExist
		}
		data, err := regular.Read(name)
		if err != nil {
			return nil, err
		}
		return cleartext.Hide(data), nil
	}
}
