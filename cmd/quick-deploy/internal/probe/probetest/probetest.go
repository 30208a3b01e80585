package probetest

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed machines/*.txt
var files embed.FS

// Machines are the described machines by name.
func Machines() (map[string]Machine, error) {
	entries, err := fs.ReadDir(files, "machines")
	if err != nil {
		return nil, err
	}
	all := map[string]Machine{}
	for _, e := range entries {
		data, err := files.ReadFile(path.Join("machines", e.Name()))
		if err != nil {
			return nil, err
		}
		m, err := Parse(string(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		all[strings.TrimSuffix(e.Name(), ".txt")] = m
	}
	return all, nil
}
