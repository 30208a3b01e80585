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
	"github.com/quick-deploy/quick-deploy/schema"
)

// wholeCommand is the program as it is while it runs: the library adds flags of its own, and who is below whom.
func wholeCommand(t *testing.T) *cli.Command {
	t.Helper()
	root := New("dev", strings.NewReader(""), io.Discard, io.Discard).newLine().command()
	if err := root.Run(context.Background(), []string{name, "--help"}); err != nil {
		t.Fatal(err)
	}
	return root
}

// The embedded pages are those that help makes (GOLDIE_UPDATE=1 writes them), and there are no others.
func TestManPages(t *testing.T) {
	pages := map[string]string{}
	for _, c := range documented(wholeCommand(t)) {
		pages[pageOf(c)] = commandPage(c)
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
	root := wholeCommand(t)
	for about, title := range map[string]string{
		"": "QUICK\\-DEPLOY 1", "quick-deploy": "QUICK\\-DEPLOY 1", "switch": "QUICK\\-DEPLOY\\-SWITCH 1",
		"quick-deploy-switch": "QUICK\\-DEPLOY\\-SWITCH 1", "quick-deploy.yaml": "QUICK\\-DEPLOY.YAML 5",
		"services add": "QUICK\\-DEPLOY\\-SERVICES\\-ADD 1", "quick-deploy services add": "QUICK\\-DEPLOY\\-SERVICES\\-ADD 1",
		"quick-deploy-services-add": "QUICK\\-DEPLOY\\-SERVICES\\-ADD 1",
	} {
		if page, err := readPage(root, strings.Fields(about)); err != nil || !strings.Contains(string(page), ".TH "+title+"\n") {
			t.Errorf("%q: %v\n%.60s", about, err, page)
		}
	}
	for _, none := range []string{"nothing", "../man/quick-deploy", "switch/", "services ad", "help"} {
		if page, err := readPage(root, strings.Fields(none)); fault.CodeOf(err) != fault.Usage {
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
			{Name: "fleet", ArgsUsage: "COMMAND", Commands: []*cli.Command{{Name: "list", Usage: "list hosts", ArgsUsage: "NAME..."}, {Name: "inner", Hidden: true}}},
		},
	}
}

// setUp has the library say which command is below which.
func setUp(t *testing.T, root *cli.Command) *cli.Command {
	t.Helper()
	root.Writer, root.HideHelpCommand = io.Discard, true
	if err := root.Run(context.Background(), []string{root.Name, "--help"}); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestCommandPage(t *testing.T) {
	root := setUp(t, hostile())
	page := commandPage(root.Commands[0])
	for _, want := range []string{
		".TH QUICK\\-DEPLOY\\-SWITCH 1\n", "quick\\-deploy\\-switch \\- activate\n",
		"\\fBquick\\-deploy switch\\fR [OPTION...] [\\-\\- NIX\\-FLAGS...]\n",
		"Reads C:\\enew and\n\\&.TH is no request.\n\\&'Nor is this.\n.SH",
		".SH EXAMPLES\n.EX\nquick\\-deploy switch\n\\&.hidden\n.EE\n",
		"\\fB\\-s, \\-\\-skip CHECK\\fR\nleave out \\fICHECK\\fR (environment: QUICK_DEPLOY_SKIP)\n",
		".SH PREFLIGHT CHECKS\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	page = commandPage(root.Commands[2])
	if !strings.Contains(page, "list hosts") || strings.Contains(page, "inner") ||
		!strings.Contains(page, "\\fBquick\\-deploy fleet\\fR COMMAND\n") {
		t.Errorf("%s", page)
	}
	page = commandPage(root.Commands[2].Commands[0])
	if !strings.Contains(page, "\\fBquick\\-deploy fleet list\\fR NAME...\n") || strings.Contains(page, "COMMANDS") {
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
	pages := map[string]string{profilePage + ".5": string(schema.ManualPage)}
	for _, c := range slices.Concat(documented(setUp(t, hostile())), documented(wholeCommand(t))) {
		pages[pageOf(c)] = commandPage(c)
	}
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

func commandPage(c *cli.Command) string {
	root := c.Root()
	p := start(strings.TrimSuffix(pageOf(c), ".1"), 1, c.Usage)
	p.section("SYNOPSIS")
	p.printf("%s%s\n", bold(c.FullName()), escape(strings.TrimPrefix(synopsis(c), c.FullName())))
	text, examples, _ := strings.Cut(c.Description, examplesBegin)
	if text = strings.TrimSpace(text); text != "" {
		p.section("DESCRIPTION")
		p.text(text)
	}
	var see []string
	if len(c.Commands) > 0 {
		p.section("COMMANDS")
	}
	for _, sub := range c.Commands {
		if !sub.Hidden {
			p.item(bold(sub.Name)+" "+escape(sub.ArgsUsage), sub.Usage)
		}
		if c != root && !sub.Hidden {
			see = append(see, strings.TrimSuffix(pageOf(sub), ".1")+"(1)")
		}
	}
	flags := ownFlags(c)
	if len(flags) > 0 {
		p.section("OPTIONS")
	}
	skip := false
	for _, f := range flags {
		p.flag(f)
		skip = skip || slices.Contains(f.Names(), "skip")
	}
	if examples != "" {
		p.section("EXAMPLES")
		p.text("    " + examples)
	}
	if skip {
		p.section("PREFLIGHT CHECKS")
		p.text("The names that `--skip` takes.")
		for _, check := range preflight.List() {
			p.item(bold(check.Name), check.Doc)
		}
	}
	if c != root {
		p.section("SEE ALSO")
		see = append([]string{root.Name + "(1) (global options)"}, see...)
		if path := strings.Fields(c.FullName()); len(path) > 2 {
			see = slices.Insert(see, 0, strings.Join(path[:len(path)-1], "-")+"(1)")
		}
		p.text(strings.Join(append(see, profilePage+"(5)"), ", "))
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
	pair := flagPair(f)
	if d, ok := f.(cli.DocGenerationFlag); ok && len(d.GetEnvVars()) > 0 {
		pair[1] += " (environment: " + strings.Join(d.GetEnvVars(), ", ") + ")"
	}
	p.printf(".TP\n%s\n%s\n", bold(pair[0]), inline(pair[1], 'I'))
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

func bold(s string) string { return `\fB` + escape(s) + `\fR` }

// escape has roff show s as it is: no escape sequences, a minus that can be copied, and no request where a line begins.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}
