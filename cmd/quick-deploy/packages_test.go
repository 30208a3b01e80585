package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/how-it-works.md says of every package in one line what it is for, and of nothing else.
func TestPackagesAreDocumented(t *testing.T) {
	const file = "docs/how-it-works.md"
	text, err := os.ReadFile(projectRoot + "/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .+ \\|$").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, row[1])
	}
	list := exec.Command("go", "list", "./...")
	list.Dir = projectRoot
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for path := range strings.FieldsSeq(string(out)) {
		path = strings.TrimPrefix(path, "github.com/quick-deploy/quick-deploy/")
		packages = append(packages, strings.TrimPrefix(path, "cmd/quick-deploy/"))
	}
	for _, p := range packages {
		if !slices.Contains(documented, p) {
			t.Errorf("%s has no line for a package: add, where it belongs,\n| `%s` | what it is for |", file, p)
		}
	}
	for _, p := range documented {
		if strings.Contains(p, "internal/") || strings.HasPrefix(p, "generator") {
			if !slices.Contains(packages, p) {
				t.Errorf("%s names %s, and there is no such package: take its line out", file, p)
			}
		}
	}
}
