package profile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Source is where profiles are read from.
type Source interface {
	// ReadFile returns the content of the file called name. It may return
	// more than MaxBytes to show that the file is too large.
	ReadFile(name string) ([]byte, error)
}

// Bounded is a Source that limits which files a profile extends.
type Bounded interface {
	Source
	// MayExtend returns ErrOutside if the profile called root may not extend
	// the file called name.
	MayExtend(root, name string) error
}

// ErrOutside says that a file lies where a profile may not extend it.
var ErrOutside = errors.New("it is outside of the profile's folder")

// PresetPrefix starts a reference to a profile that ships with the program.
const PresetPrefix = "preset:"

// FS is a Source that reads files of one tree and presets of another.
type FS struct {
	// Files holds the profiles.
	Files fs.FS
	// Dir is the directory in Files, slash-separated, that relative names
	// start from. With Files at the root of the file system it is the working
	// directory, and names may lead out of it.
	Dir string
	// Presets holds NAME.yaml for each preset:NAME; nil for none.
	Presets fs.FS
}

// ReadFile implements Source.
func (s FS) ReadFile(name string) ([]byte, error) {
	if preset, ok := strings.CutPrefix(name, PresetPrefix); ok {
		data, err := readLimited(s.Presets, preset+".yaml")
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &unknownPreset{preset, s.presetNames()}
		}
		return data, err
	}
	if !path.IsAbs(name) {
		name = path.Join("/", s.Dir, name)
	}
	name = strings.TrimPrefix(path.Clean(name), "/")
	if name == "" {
		name = "."
	}
	return readLimited(s.Files, name)
}

// unknownPreset is fs.ErrNotExist with the names that do exist.
type unknownPreset struct {
	name  string
	known []string
}

func (e *unknownPreset) Error() string { return "unknown preset " + quoteShort(e.name) }
func (e *unknownPreset) Unwrap() error { return fs.ErrNotExist }

func (s FS) presetNames() []string {
	if s.Presets == nil {
		return nil
	}
	// Without a listing there is merely nothing to suggest.
	names, _ := fs.Glob(s.Presets, "*.yaml")
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, ".yaml")
	}
	return names
}

// readLimited reads at most one byte more than a profile may have.
func readLimited(fsys fs.FS, name string) (data []byte, err error) {
	if fsys == nil || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, MaxBytes+1))
}

// Resolve is the name of the file that the file called from refers to as ref:
// files are relative to the file that names them, presets are named
// preset:NAME and refer to presets only.
func Resolve(from, ref string) (string, error) {
	switch {
	case ref == "":
		return "", errors.New("an empty name")
	case strings.HasPrefix(ref, PresetPrefix):
		name := strings.TrimPrefix(ref, PresetPrefix)
		if name == "" || strings.ContainsAny(name, "/\\") || strings.HasPrefix(name, ".") {
			return "", fmt.Errorf("%q is not the name of a preset", name)
		}
		return ref, nil
	case strings.Contains(ref, "://"):
		return "", errors.New("only local files and presets can be extended")
	case strings.HasPrefix(from, PresetPrefix):
		return "", errors.New("a preset can only extend presets")
	case strings.HasSuffix(ref, "/"):
		return "", errors.New("a directory")
	case path.IsAbs(ref):
		return path.Clean(ref), nil
	}
	return path.Join(path.Dir(from), ref), nil
}
