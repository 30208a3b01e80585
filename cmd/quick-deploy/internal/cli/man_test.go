package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
)

// The embedded pages are those that help makes (GOLDIE_UPDATE=1 writes them), and there are no others.
func TestManPages(t *testing.T) {
	root := New("dev", strings.NewReader(""), io.Discard, io.Discard).newLine().command()
	// The library adds a command and flags of its own when it runs.
	if err := root.Run(context.Background(), []string{name, "--help"}); err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{name + ".1": commandPage(root, root)}
	for _, c := range root.Commands {
		if c.Name != "help" { // which is about --help
			pages[name+"-"+c.Name+".1"] = commandPage(root, c)
		}
	}
	for _, listed := range listPages(root) {
		if _, ok := pages[listed]; !ok && listed != profilePage+".5" {
			t.Errorf("man --list names %s, which there is not", listed)
		}
	}
	update := os.Getenv("GOLDIE_UPDATE") != ""
	for file, page := range pages {
		path := filepath.Join("man", file)
		if have, err := os.ReadFile(path); err == nil && string(have) == page {
			continue
		}
		if !update {
			t.Errorf("%s is not as help says: GOLDIE_UPDATE=1 go test ./cmd/quick-deploy/internal/cli -run TestManPages", path)
		} else if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Error(err)
		}
	}
	files, err := os.ReadDir("man")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, ok := pages[f.Name()]; !ok {
			t.Errorf("man/%s is a page of nothing", f.Name())
		}
	}
}

func TestReadPage(t *testing.T) {
	for about, title := range map[string]string{
		"": "QUICK\\-DEPLOY 1", "quick-deploy": "QUICK\\-DEPLOY 1", "switch": "QUICK\\-DEPLOY\\-SWITCH 1",
		"quick-deploy-switch": "QUICK\\-DEPLOY\\-SWITCH 1", "quick-deploy.yaml": "QUICK\\-DEPLOY.YAML 5",
	} {
		if page, err := readPage(about); err != nil || !strings.Contains(string(page), ".TH "+title+"\n") {
			t.Errorf("%q: %v\n%.60s", about, err, page)
		}
	}
	for _, none := range []string{"nothing", "../man/quick-deploy", "switch/"} {
		if page, err := readPage(none); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%q is a page: %.60s", none, page)
		}
	}
}

// hostile has in its help everything that roff could take for its own.
func hostile() *cli.Command {
	return &cli.Command{
		Name: "quick-deploy", Usage: "one - two",
		Commands: []*cli.Command{
			{
				Name: "switch", Usage: "activate", ArgsUsage: "[-- NIX-FLAGS...]",
				Description: "Reads C:\\new and\n.TH is no request.\n'Nor is this.\n\n" +
					"Examples:\n\n    quick-deploy switch\n    .hidden",
				Flags: []cli.Flag{&cli.StringFlag{
					Name: "skip", Aliases: []string{"s"}, Usage: "leave out `CHECK`", Sources: cli.EnvVars("QUICK_DEPLOY_SKIP"),
				}},
			},
			{Name: "secret", Hidden: true},
			{Name: "fleet", Commands: []*cli.Command{{Name: "list", Usage: "list hosts"}, {Name: "inner", Hidden: true}}},
		},
	}
}

func TestCommandPage(t *testing.T) {
	root := hostile()
	page := commandPage(root, root.Commands[0])
	for _, want := range []string{
		".TH QUICK\\-DEPLOY\\-SWITCH 1\n", "quick\\-deploy\\-switch \\- activate\n",
		"\\fBquick\\-deploy switch\\fR [\\fIOPTION\\fR...] [\\-\\- NIX\\-FLAGS...]\n",
		"Reads C:\\enew and\n\\&.TH is no request.\n\\&'Nor is this.\n.PP\nExamples:\n.PP\n.EX\nquick\\-deploy switch\n\\&.hidden\n.EE\n",
		"\\fB\\-\\-skip\\fR, \\fB\\-s\\fR\nleave out \\fICHECK\\fR (environment: QUICK_DEPLOY_SKIP)\n",
		".SH PREFLIGHT CHECKS\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	if page := commandPage(root, root.Commands[2]); !strings.Contains(page, "list hosts") || strings.Contains(page, "inner") {
		t.Errorf("%s", page)
	}
}

// Each page is one that man takes without a word, and shows whole.
func TestPagesAreRendered(t *testing.T) {
	if _, err := exec.LookPath("man"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("man is not installed")
	}
	profile, err := readPage(profilePage)
	if err != nil {
		t.Fatal(err)
	}
	root := hostile()
	pages := map[string]string{root.Name + ".1": commandPage(root, root)}
	for _, c := range root.Commands {
		pages[root.Name+"-"+c.Name+".1"] = commandPage(root, c)
	}
	pages[profilePage+".5"] = string(profile)
	for name, page := range pages {
		cmd := exec.Command("man", "--warnings", "-l", "-")
		cmd.Stdin = strings.NewReader(page)
		cmd.Env = append(os.Environ(), "MANWIDTH=200", "LC_ALL=C.UTF-8", "PAGER=cat", "MANPAGER=cat")
		var out, complaints strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, complaints.String())
		}
		if !strings.Contains(out.String(), name[:len(name)-2]) {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}

// exitCode is a code with its meaning, as package fault has it.
var exitCode = regexp.MustCompile(`(?m)^\t\w+ +Code = (\d+) +// (.+)$`)

func commandPage(root, c *cli.Command) string {
	name, line := root.Name, root.Name
	if c != root {
		name, line = name+"-"+c.Name, line+" "+c.Name
	}
	p := start(name, 1, c.Usage)
	p.section("SYNOPSIS")
	p.printf("%s [%s...] %s\n", bold(line), italic("OPTION"), escape(c.ArgsUsage))
	if c.Description != "" {
		p.section("DESCRIPTION")
		p.text(c.Description)
	}
	if len(c.Commands) > 0 {
		p.section("COMMANDS")
	}
	for _, sub := range c.Commands {
		if !sub.Hidden {
			p.item(bold(sub.Name)+" "+escape(sub.ArgsUsage), sub.Usage)
		}
	}
	if len(c.Flags) > 0 {
		p.section("OPTIONS")
	}
	skip := false
	for _, f := range c.Flags {
		p.flag(f)
		skip = skip || slices.Contains(f.Names(), "skip")
	}
	if skip {
		p.section("PREFLIGHT CHECKS")
		p.text("The names that `--skip` takes.")
		for _, check := range preflight.List() {
			p.item(bold(check.Name), check.Doc)
		}
	}
	if c != root {
		p.text("\nThe global options of " + root.Name + "(1) apply too.")
		return p.String()
	}
	faults, err := os.ReadFile("../fault/fault.go")
	if err != nil {
		panic(err)
	}
	p.section("EXIT STATUS")
	for _, code := range exitCode.FindAllStringSubmatch(string(faults), -1) {
		p.item(bold(code[1]), code[2])
	}
	return p.String()
}

// page is a page in the making.
type page struct{ strings.Builder }

func start(name string, section int, summary string) *page {
	p := &page{}
	// Words stay whole and lines ragged: names of options are searched for and copied.
	p.printf(".nr HY 0\n.TH %s %d\n.nh\n.ad l\n", escape(strings.ToUpper(name)), section)
	p.section("NAME")
	p.printf("%s \\- %s\n", escape(name), escape(summary))
	return p
}

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (p *page) section(title string) { p.printf(".SH %s\n", escape(title)) }

// text is paragraphs. Lines that are indented are shown as they are.
func (p *page) text(s string) {
	literal := false
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\n")
		code, indented := strings.CutPrefix(line, "    ")
		switch {
		case line == "" && !literal:
			p.printf(".PP\n")
			continue
		case indented && !literal:
			p.printf(".EX\n")
		case !indented && literal:
			p.printf(".EE\n")
		}
		literal = indented
		if indented {
			p.printf("%s\n", escape(code))
		} else {
			p.printf("%s\n", inline(line, 'B'))
		}
	}
	if literal {
		p.printf(".EE\n")
	}
}

// item is a term, in roff, and what it means.
func (p *page) item(term, meaning string) {
	p.printf(".TP\n%s\n%s\n", term, inline(strings.ReplaceAll(meaning, "\n", " "), 'B'))
}

func (p *page) flag(f cli.Flag) {
	var names []string
	for _, n := range f.Names() {
		dashes := "--"
		if len(n) == 1 {
			dashes = "-"
		}
		names = append(names, bold(dashes+n))
	}
	var usage string
	if d, ok := f.(cli.DocGenerationFlag); ok {
		usage = d.GetUsage()
		if env := d.GetEnvVars(); len(env) > 0 {
			usage += " (environment: " + strings.Join(env, ", ") + ")"
		}
	}
	// What stands between backticks in a flag's usage is the name of its value.
	p.printf(".TP\n%s\n%s\n", strings.Join(names, ", "), inline(usage, 'I'))
}

// inline is one line in which what stands between backticks is set in a font.
func inline(s string, font byte) string {
	parts := strings.Split(s, "`")
	for i, part := range parts {
		parts[i] = escape(part)
		if i%2 == 1 {
			parts[i] = `\f` + string(font) + parts[i] + `\fR`
		}
	}
	return strings.Join(parts, "")
}

func bold(s string) string   { return `\fB` + escape(s) + `\fR` }
func italic(s string) string { return `\fI` + escape(s) + `\fR` }

// escape has roff show s as it is: no escape sequences, a minus that can be copied, and no request where a line begins.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}
