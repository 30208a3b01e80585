package cli

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// Help of every command fits a terminal of 80 columns, and says what is usual of all commands by one line.
func TestHelpFits(t *testing.T) {
	n := 0
	var walk func(c *cli.Command)
	walk = func(c *cli.Command) {
		n++
		var out bytes.Buffer
		args := append(strings.Fields(c.FullName()), "--help")
		if code := New("dev", strings.NewReader(""), &out, &out).Execute(args); code != fault.OK {
			t.Errorf("%q: exit code %d", args, code)
		}
		for line := range strings.Lines(out.String()) {
			if w := uniseg.StringWidth(strings.TrimRight(line, "\n")); w > helpWidth {
				t.Errorf("%s --help has a line of %d columns: %s", c.FullName(), w, line)
			}
		}
		global := strings.Contains(out.String(), "--profile FILE")
		if line := strings.Contains(out.String(), "\nGlobal options: quick-deploy --help\n"); global != (c == c.Root()) || line == global {
			t.Errorf("%s --help lists the global options: %v, names where they are: %v", c.FullName(), global, line)
		}
		if strings.Contains(out.String(), "may be repeated") {
			t.Errorf("%s --help says twice that a flag may be given several times: its usage need not", c.FullName())
		}
		for _, sub := range c.Commands {
			if !sub.Hidden {
				walk(sub)
			}
		}
	}
	walk(wholeCommand(t))
	if n < 35 {
		t.Errorf("%d commands were found", n)
	}
}

// A page of the documentation is readable as plain text: no marks are left, and lines fit, except code.
func TestTopics(t *testing.T) {
	all := topics()
	if len(all) < 15 {
		t.Errorf("%d topics", len(all))
	}
	for _, topicWord := range all {
		text, ok, err := topic(topicWord.Text)
		if !ok || err != nil || topicWord.About == "" {
			t.Fatalf("%s: %v, %v", topicWord.Text, ok, err)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(line, "    ") {
				continue // code
			}
			if w := uniseg.StringWidth(line); w > helpWidth && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s has a line of %d columns: %s", topicWord.Text, w, line)
			}
			for _, mark := range []string{"](", "**", "```", "<!--", "| ---"} {
				if strings.Contains(line, mark) {
					t.Errorf("%s shows %s: %s", topicWord.Text, mark, line)
				}
			}
		}
	}
}

func TestPlain(t *testing.T) {
	got := plain("# A page\n\nText with `code`, **weight** and a [link](other.md#part)\nover two lines; [x.md](x.md).\n\n<!-- a mark -->\n" +
		"```console\n$ one `two`\n```\n\n- first\n  goes on\n- second\n\n| code | meaning | do |\n| --- | --- | --- |\n| `a\\|b` | is | x |\n\n" +
		"| k | v |\n|---|---|\n| one | two |\n\n```mermaid\ngraph\n```\n\n    as it is\n")
	want := "A page\n======\n\nText with code, weight and a link (quick-deploy help other) over two lines;\nquick-deploy help x.\n\n" +
		"    $ one `two`\n\n- first goes on\n- second\n\na|b\n    meaning: is\n    do: x\n\none\n    two\n\n    as it is\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestArranged(t *testing.T) {
	for line, want := range map[string]string{
		"":                                    "switch",
		"--skip x":                            "switch --skip x",
		"--json --skip x -n -- --flag switch": "--json -n switch --skip x -- --flag switch",
		"--skip x --json test -f":             "--json test --skip x -f",
		"--skip=x test":                       "test --skip=x",
		"-f --host a hosts b":                 "--host a hosts -f b",
		"--host switch":                       "--host switch switch",
		"--profil x switch":                   "switch --profil x switch",
		"--skip x --profil y":                 "switch --skip x --profil y",
		"--help":                              "--help",
		"-f --help":                           "--help",
		"--version":                           "--version",
		"swich --json":                        "swich --json",
		"-":                                   "-",
		"--skip":                              "switch --skip",
		"--skip x " + completionFlag:          completionFlag,
		"services --json list":                "services --json list",
		"--json " + completionFlag:            "--json " + completionFlag,
		"--skip " + completionFlag:            "switch --skip " + completionFlag,
		"--skip x services " + completionFlag: "services --skip x " + completionFlag,
	} {
		root := New("dev", strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}).newLine().command()
		got, _ := arranged(root, append([]string{name}, strings.Fields(line)...))
		if got := strings.Join(got[1:], " "); got != want {
			t.Errorf("%q becomes %q, want %q", line, got, want)
		}
	}
}

// What the program tells people to read by help is there.
func TestNamedTopics(t *testing.T) {
	const project = "../../../.."
	named := regexp.MustCompile(`quick-deploy help ([a-z][a-z/.-]*[a-z])`)
	root, n := wholeCommand(t), 0
	for _, dir := range []string{"cmd", "generator", "schema", "docs", "README.md"} {
		err := filepath.WalkDir(filepath.Join(project, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || !slices.Contains([]string{".go", ".md", ".json"}, filepath.Ext(path)) {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range named.FindAllStringSubmatch(string(text), -1) {
				n++
				if _, ok, err := topic(m[1]); !ok && !slices.Contains([]string{"topics", "docs"}, m[1]) && root.Command(m[1]) == nil {
					t.Errorf("%s: there is no %q: %v", path, m[0], err)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 5 {
		t.Errorf("%d mentions", n)
	}
}
