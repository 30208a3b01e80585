package adopt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// File is a file of the host's folder in the new flake.
type File struct {
	// Path is relative to that folder, with slashes.
	Path string
	Data []byte
}

// Legacy is the old configuration as the new flake holds it.
type Legacy struct {
	// Files are the copies below legacy/, and legacy.nix, which imports them.
	Files []File
	// Left are files that were not copied, with the reason.
	Left []string
	// Secrets are places, as file:line, that look like a secret in plain words or its hash.
	Secrets []string
}

// secret fits the assignment of a text to a password, a token or a key: users.users.ada.hashedPassword = "…".
var secret = regexp.MustCompile(`(?i)\b[a-z_]*(?:password|passphrase|secret|token|apikey|privatekey|psk)"?\s*=\s*("[^"]|'')`)

// maxFile is the size from which on a file is not taken for configuration.
const maxFile = 1 << 20

// hardwareFile is what quick-deploy writes itself, from the hardware.
const hardwareFile = "hardware-configuration.nix"

// Carry copies the configuration's files, so that the flake needs nothing
// outside of it. Files that not everybody may read stay where they are: a flake ends up in the
// store, which everybody reads. Definitions tell which modules a flake consists of.
func Carry(c Config, defined []Definition) (Legacy, error) {
	var l Legacy
	err := filepath.WalkDir(c.Dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrPermission) {
				l.Left = append(l.Left, file+": may not be read")
				return fs.SkipDir
			}
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		name, err := filepath.Rel(c.Dir, file)
		if err != nil {
			return err
		}
		return l.take(file, filepath.ToSlash(name))
	})
	if err != nil {
		return Legacy{}, fmt.Errorf("copy the configuration: %w", err)
	}
	imports := c.modules(defined)
	printed, err := nix.File{
		Header: "The configuration that this machine had, imported as it was; local.nix imports this file. What the profile\n" +
			"says can be taken out of the files in legacy, and all of it can go once nothing of them is needed.",
		Body: nix.Attrs{Body: []nix.Binding{{Path: []string{"imports"}, Value: imports}}},
	}.Print()
	if err != nil {
		return Legacy{}, fmt.Errorf("print legacy.nix: %w", err)
	}
	l.Files = append(l.Files, File{"legacy.nix", printed.Source})
	return l, nil
}

// take copies one file.
func (l *Legacy) take(file, name string) error {
	info, err := os.Stat(file)
	if err != nil {
		l.Left = append(l.Left, name+": "+err.Error())
		return nil
	}
	switch {
	case path.Base(name) == hardwareFile:
		l.Files = append(l.Files, File{"legacy/" + name, []byte("# In its place stands the " + hardwareFile + " that quick-deploy writes.\n{ }\n")})
		return nil
	case name == "flake.nix" || name == "flake.lock":
		return nil
	case !info.Mode().IsRegular():
		l.Left = append(l.Left, name+": not a plain file")
		return nil
	case info.Mode().Perm()&0o004 == 0:
		l.Left = append(l.Left, name+": not everybody may read it, and everybody may read the store")
		return nil
	case info.Size() > maxFile:
		l.Left = append(l.Left, fmt.Sprintf("%s: larger than %d KiB", name, maxFile/1024))
		return nil
	}
	data, err := regular.Read(file)
	if err != nil {
		return err
	}
	l.Files = append(l.Files, File{"legacy/" + name, data})
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		if secret.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			l.Secrets = append(l.Secrets, fmt.Sprintf("%s:%d", name, number))
		}
	}
	return nil
}

// modules are the files to import: the configuration, or all files of a flake
// that define something. Importing one that another imports already changes nothing: the module
// system takes each file once.
func (c Config) modules(defined []Definition) nix.List {
	var names []string
	if c.File != "" {
		names = []string{filepath.Base(c.File)}
	}
	for _, d := range defined {
		if c.File != "" {
			break
		}
		for _, f := range d.Files {
			if f != "flake.nix" && path.Base(f) != hardwareFile && strings.HasSuffix(f, ".nix") {
				names = append(names, f)
			}
		}
	}
	slices.Sort(names)
	var list nix.List
	for _, name := range slices.Compact(names) {
		list = append(list, nix.Path("./legacy/"+name))
	}
	return list
}
