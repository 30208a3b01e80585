package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// files are the files of the flake that hold the old configuration, by path.
func (ad *adoption) files(host string) map[string][]byte {
	out := map[string][]byte{"hosts/" + host + "/local.nix": []byte(localText)}
	for _, f := range ad.legacy.Files {
		out["hosts/"+host+"/"+f.Path] = f.Data
	}
	return out
}

// localText is the file that is the user's, as it begins where a configuration was taken over.
const localText = `# Yours: quick-deploy writes this file once and then leaves it alone.
# What you set here adds to the rest; lib.mkForce overrides it.
{
  imports = [ ./legacy.nix ];
}
`

func writeBelow(dir, name string, data []byte) error {
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return atomic.Writer{}.WriteFile(file, data, 0o644)
}

// place writes the old configuration into the flake. A local.nix that is
// there is its owner's: he is told what to add.
func (ad *adoption) place(g *Guide, host string) error {
	files := ad.files(host)
	local := "hosts/" + host + "/local.nix"
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return name == local })
	if _, err := os.Lstat(filepath.Join(g.Flake, local)); errors.Is(err, fs.ErrNotExist) {
		names = append(names, local) // last, so that it never imports what is not there
	} else {
		g.Say("note: %s is yours and stays as it is; add ./legacy.nix to its imports", filepath.Join(g.Flake, local))
	}
	for _, name := range names {
		if err := writeBelow(g.Flake, name, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// Absent refuses to write over a file; "" is none. Instead is what to do to write another one.
func Absent(path, instead string) error {
	if path == "" {
		return nil
	}
	_, err := os.Lstat(path)
	if err == nil {
		return fault.New(fault.Usage, "%s exists and is left as it is", path).
			Hint("edit it, or write another one with %s", instead)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Usage, "write %s: %w", path, err)
	}
	return nil
}
