package cli

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"
)

// Every command shows how it is used, and what it shows exists.
func TestExamples(t *testing.T) {
	root := New("dev", strings.NewReader(""), io.Discard, io.Discard).newLine().command()
	known := map[string]*cli.Command{}
	var walk func(c *cli.Command, path string)
	walk = func(c *cli.Command, path string) {
		known[path] = c
		if len(examplesOf(c)) == 0 && !c.Hidden {
			t.Errorf("quick-deploy %s has no example", path)
		}
		for _, sub := range c.Commands {
			walk(sub, strings.TrimSpace(path+" "+sub.Name))
		}
	}
	walk(root, "")
	for path, c := range known {
		for _, line := range examplesOf(c) {
			if got := exampleOf(t, root, line); got != c && !strings.HasPrefix(got.Name, c.Name) && !isBelow(c, got) {
				t.Errorf("%q is an example for %q, not for %q", line, got.Name, path)
			}
		}
	}
}

// examplesOf are the examples of a command, as its description has them.
func examplesOf(c *cli.Command) []string {
	_, examples, ok := strings.Cut(c.Description, examplesBegin)
	if !ok {
		return nil
	}
	return strings.Split(examples, "\n    ")
}

func isBelow(c, sub *cli.Command) bool {
	return slices.ContainsFunc(c.Commands, func(x *cli.Command) bool { return x == sub || isBelow(x, sub) })
}

// exampleOf is the command that a line runs; flags that it does not have are errors.
func exampleOf(t *testing.T, root *cli.Command, line string) *cli.Command {
	t.Helper()
	words := strings.Fields(line)
	if words[0] != root.Name {
		t.Errorf("%q does not begin with the program's name", line)
	}
	lineage := []*cli.Command{root}
	for i := 1; i < len(words); i++ {
		word := words[i]
		here := lineage[len(lineage)-1]
		if word == "|" || word == ">" || word == "--" {
			break
		}
		if word == "-" || !strings.HasPrefix(word, "-") {
			for _, sub := range here.Commands {
				if sub.Name == word {
					lineage = append(lineage, sub)
				}
			}
			continue
		}
		name := strings.TrimLeft(word, "-")
		found := false
		for _, c := range lineage {
			for _, f := range c.Flags {
				if slices.Contains(f.Names(), name) {
					found = true
					if d, ok := f.(cli.DocGenerationFlag); ok && d.TakesValue() {
						i++
					}
				}
			}
		}
		if !found {
			t.Errorf("%q: no flag %s", line, word)
		}
	}
	return lineage[len(lineage)-1]
}

func TestHelpShowsExamples(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"switch", "--help"}, {"services", "add", "--help"}, {"fleet", "deploy", "--help"}} {
		var out bytes.Buffer
		if code := New("dev", strings.NewReader(""), &out, &out).Execute(append([]string{"quick-deploy"}, args...)); code != 0 || !strings.Contains(out.String(), "Examples:") {
			t.Errorf("%q: exit code %d\n%s", args, code, out.String())
		}
	}
	var page bytes.Buffer
	if code := New("dev", strings.NewReader(""), &page, &page).Execute([]string{"quick-deploy", "man", "rollback"}); code != 0 ||
		!strings.Contains(strings.ReplaceAll(page.String(), "\\-", "-"), "quick-deploy rollback --to 12\n") {
		t.Errorf("%d\n%s", code, page.String())
	}
}
