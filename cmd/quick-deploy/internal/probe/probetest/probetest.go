// Package probetest gives the tests of other packages the /sys, /proc and /dev of a machine, as far as package
// probe looks at them. The trees are golden files of probe's own test, which makes them from descriptions.
package probetest

import (
	"embed"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

//go:embed trees/*.txt
var trees embed.FS

// Write makes the tree of a machine below root.
func Write(t testing.TB, root, machine string) {
	t.Helper()
	text, err := trees.ReadFile("trees/" + machine + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, kind, content := split(strings.TrimSuffix(line, "\n"))
		file := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		switch {
		case err != nil:
		case kind == "link":
			err = os.Symlink(content, file)
		case kind == "file":
			err = os.WriteFile(file, []byte(content), 0o644)
		default:
			err = os.MkdirAll(file, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// split reads a line: a path, then, between tabs, file or link, and the content or the target as Go quotes it.
func split(line string) (name, kind, content string) {
	fields := append(strings.Split(line, "\t"), "", "")
	content, _ = strconv.Unquote(fields[2]) // a folder has none
	return fields[0], fields[1], content
}
