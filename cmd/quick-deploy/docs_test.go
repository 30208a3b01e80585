package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/probetest"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// The documentation is run. In README.md and docs/*.md
//
//   - a ```yaml block that begins with "# NAME.yaml" is written to that file, and quick-deploy.yaml
//     must validate and generate; a ```nix block below <!-- in PATH --> is part of that file of it;
//   - the commands of a ```console block are run in order, in one folder a document, and the lines
//     below a command must be in its output; … stands for anything. "# exit code N" after a command
//     is compared, 0 is expected without it;
//   - the comment <!-- on NixOS --> above a block has the document run on a stand-in for a NixOS
//     machine with a real Nix, <!-- on NixOS with /etc/nixos --> on one that has a configuration;
//     <!-- not run: REASON --> leaves the block out.
//
// QUICK_DEPLOY_YES answers in place of the reader.

type (
	block    = nixtest.Block
	document = nixtest.Document
)

const projectRoot = "../.."

var exitCode = regexp.MustCompile(`# exit code (\d+)`)

const (
	onNixOS    = "on NixOS"
	configured = "on NixOS with /etc/nixos"
	notRun     = "not run: "
	partOf     = "in "
)

func documents(t *testing.T) []document {
	t.Helper()
	return nixtest.Documents(t, projectRoot)
}

// command is a command of a console block and the output shown below it.
type command struct {
	text string
	code string
	want []string
	line int
}

func commandsOf(b block) ([]command, error) {
	var out []command
	lines := strings.Split(strings.TrimSuffix(b.Text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		text, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			if len(out) == 0 {
				return nil, fmt.Errorf("line %d: a console block begins with a command", b.Line+i)
			}
			out[len(out)-1].want = append(out[len(out)-1].want, lines[i])
			continue
		}
		c := command{line: b.Line + i, code: "0"}
		for strings.HasSuffix(text, "\\") && i+1 < len(lines) {
			i++
			text = strings.TrimSuffix(text, "\\") + strings.TrimLeft(lines[i], " ")
		}
		if m := exitCode.FindStringSubmatch(text); m != nil {
			c.code = m[1]
		}
		c.text = text
		out = append(out, c)
	}
	return out, nil
}

// reader is somebody who types what a document says.
type reader struct {
	dir, home string
	env       []string
}

// machineFiles make the machine that documents are run on, beside its hardware.
var machineFiles = map[string]string{
	"etc/NIXOS": "", "etc/hostname": "atlas\n", "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
	"etc/os-release":  "ID=nixos\nVERSION_ID=\"26.05\"\n",
	"etc/passwd":      "root:x:0:0::/root:/bin/sh\nada:x:1000:100:Ada Lovelace:/home/ada:/run/current-system/sw/bin/zsh\n",
	"etc/group":       "wheel:x:1:ada\n",
	"etc/timezone":    "Europe/Berlin\n",
	"etc/locale.conf": "LANG=de_DE.UTF-8\n",
	"proc/meminfo":    "MemTotal:       28521000 kB\nMemAvailable:   20000000 kB\n",
}

func machineAt(t *testing.T, root string) {
	t.Helper()
	probetest.Write(t, root, "desktop-amd-rx6800")
	for name, text := range machineFiles {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// newReader sits at a machine of the kind that the marks of a document name.
func newReader(t *testing.T, marks ...string) *reader {
	t.Helper()
	if slices.Contains(marks, onNixOS) || slices.Contains(marks, configured) {
		c := newComputer(t)
		machineAt(t, c.Root)
		if slices.Contains(marks, configured) {
			for name, text := range oldConfig {
				c.put(filepath.Join(c.Root, "etc/nixos", name), text)
			}
		}
		nixpkgs, _ := c.env.StandIn(t)
		elevate := "none"
		if os.Geteuid() != 0 {
			elevate = "sudo"
		}
		// The stand-in has no network, no services that could come up, and the disk of the test.
		return &reader{c.work, c.env.Home(), append(append(c.env.Environ(), c.Vars()...), "QUICK_DEPLOY_ROOT="+c.Root, "USER=ada", "QUICK_DEPLOY_YES=true",
			"QUICK_DEPLOY_LOCK=built-in", "QUICK_DEPLOY_ALLOW_ROOT=true", "QUICK_DEPLOY_ELEVATE="+elevate, "QUICK_DEPLOY_SKIP=network", "QUICK_DEPLOY_SKIP_HEALTH_CHECK=true",
			"QUICK_DEPLOY_MIN_FREE=1MiB", "NO_COLOR=1", "NIX_PATH=nixpkgs="+nixpkgs)}
	}
	root := t.TempDir()
	machineAt(t, root)
	r := &reader{dir: t.TempDir(), home: t.TempDir()}
	r.env = []string{
		"HOME=" + r.home, "PATH=" + os.Getenv("PATH"), "USER=ada", "QUICK_DEPLOY_ROOT=" + root, "QUICK_DEPLOY_YES=true",
		"QUICK_DEPLOY_LOCK=built-in", "QUICK_DEPLOY_ALLOW_ROOT=true", "NO_COLOR=1",
	}
	return r
}

// types runs a command as sh does and returns what it printed and its exit code.
func (r *reader) types(t *testing.T, line string) (string, string) {
	t.Helper()
	// What go run would build is what is tested.
	line = strings.ReplaceAll(line, "go run ./cmd/quick-deploy", "quick-deploy")
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Env = r.dir, r.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	code := "0"
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = fmt.Sprint(exit.ExitCode())
	case err != nil:
		t.Fatal(err)
	}
	text := strings.ReplaceAll(out.String(), r.dir+"/", "./")
	return strings.ReplaceAll(text, r.home, "~"), code
}

// missing is the first of the wanted lines that is not in the output, each below the one before.
func missingLine(output string, want []string) string {
	lines := strings.Split(output, "\n")
	for _, w := range want {
		if strings.TrimSpace(w) == "" || strings.TrimSpace(w) == "…" {
			continue
		}
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(strings.TrimRight(w, " ")), "…", ".*") + "$"
		at := slices.IndexFunc(lines, regexp.MustCompile(pattern).MatchString)
		if at < 0 {
			return w
		}
		lines = lines[at+1:]
	}
	return ""
}

// Every profile of the documentation is valid and becomes a flake, every
// command does what the text says, and its output is as shown.
func TestDocsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: runs every command of the documentation")
	}
	ran, left := 0, []string{}
	for _, doc := range documents(t) {
		var marks []string
		for _, b := range doc.Blocks {
			marks = append(marks, b.Mark)
		}
		t.Run(doc.Name, func(t *testing.T) {
			var r *reader
			flake := t.TempDir() // of the last profile
			for _, b := range doc.Blocks {
				if path, ok := strings.CutPrefix(b.Mark, partOf); ok && b.Lang == "nix" {
					if !strings.Contains(readFile(t, filepath.Join(flake, path)), b.Text) {
						t.Errorf("%s:%d: this is not in %s", doc.Name, b.Line, path)
					}
					continue
				}
				name := b.File()
				if b.Lang != "console" && name == "" {
					continue
				}
				if r == nil {
					r = newReader(t, marks...)
				}
				if name != "" {
					write(t, filepath.Join(r.dir, name), b.Text)
					if name != "quick-deploy.yaml" {
						continue
					}
					flake = t.TempDir()
					b.Text = "$ quick-deploy --no-probe validate\n$ quick-deploy --no-probe -o " + flake + " generate\n"
				}
				commands, err := commandsOf(b)
				if err != nil {
					t.Error(err)
				}
				reason, skipped := strings.CutPrefix(b.Mark, notRun)
				for _, c := range commands {
					where := fmt.Sprintf("%s:%d: %s", doc.Name, c.line, c.text)
					if skipped {
						left = append(left, where+" ("+reason+")")
						continue
					}
					ran++
					output, code := r.types(t, c.text)
					if code != c.code {
						t.Errorf("%s\nexit code %s, want %s\n%s", where, code, c.code, output)
					} else if m := missingLine(output, c.want); m != "" {
						t.Errorf("%s\nnot in the output: %s\n%s", where, m, output)
					}
				}
			}
		})
	}
	t.Logf("%d commands were run, %d were not:\n%s", ran, len(left), strings.Join(left, "\n"))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every profile of the documentation evaluates: each host to the derivation of its system.
func TestDocumentedProfilesEvaluate(t *testing.T) {
	env := nixtest.New(t)
	for _, doc := range documents(t) {
		for _, p := range doc.Profiles() {
			t.Run(p.Name, func(t *testing.T) {
				work, flake := t.TempDir(), t.TempDir()
				if err := os.CopyFS(work, p.Files); err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), "quick-deploy", "--no-probe", "--profile", filepath.Join(work, "quick-deploy.yaml"), "-o", flake, "generate")
				cmd.Env = append(env.Environ(), "QUICK_DEPLOY_ALLOW_ROOT=true")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				env.ParseDir(t, flake)
				systems := map[string]string{}
				env.Flake(t, flake, nil).EvalInto(t, "nixosConfigurations", `builtins.mapAttrs (_: host: host.config.system.build.toplevel.drvPath)`, &systems)
				for host, drv := range systems {
					if !strings.HasSuffix(drv, ".drv") {
						t.Errorf("%s: %q is no derivation", host, drv)
					}
				}
				if len(systems) == 0 {
					t.Error("no host")
				}
			})
		}
	}
}

var (
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// heading is one of Markdown; its anchor is made as GitHub makes it.
	heading   = regexp.MustCompile(`(?m)^#+ (.+)$`)
	noAnchor  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	codeFence = regexp.MustCompile("(?ms)^```.*?^```$")
)

func anchors(text string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(codeFence.ReplaceAllString(text, ""), -1) {
		out = append(out, strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

// Links within the project lead somewhere, and the index leads to every document.
func TestDocsLinks(t *testing.T) {
	docs := documents(t)
	byName := map[string]document{}
	for _, doc := range docs {
		byName[doc.Name] = doc
	}
	reached := map[string]bool{}
	for _, doc := range docs {
		for _, m := range link.FindAllStringSubmatch(codeFence.ReplaceAllString(doc.Text, ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			target := doc.Name
			if path != "" {
				target = filepath.Join(filepath.Dir(doc.Name), path)
			}
			if _, err := os.Stat(filepath.Join(projectRoot, target)); err != nil {
				t.Errorf("%s links to %s, which is not there", doc.Name, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(byName[target].Text), anchor) {
				t.Errorf("%s links to %s, and there is no such heading", doc.Name, m[1])
			}
			if doc.Name == "docs/README.md" {
				reached[target] = true
			}
		}
	}
	for _, doc := range docs {
		if filepath.Dir(doc.Name) == "docs" && doc.Name != "docs/README.md" && !reached[doc.Name] {
			t.Errorf("docs/README.md does not lead to %s", doc.Name)
		}
	}
}

var (
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	indented = regexp.MustCompile(`(?m)^ {4,}\S.*$`)
	called   = regexp.MustCompile(`(?:^|[$(;&|])\s*quick-deploy((?: +[^\s|;&>()#]+)+)`)
	variable = regexp.MustCompile(`\bQUICK_DEPLOY_[A-Z_]+\b`)
	word     = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// code is all that a document shows as code.
func codeOf(d document) []string {
	var out []string
	for _, b := range d.Blocks {
		out = append(out, strings.Split(b.Text, "\n")...)
	}
	rest := codeFence.ReplaceAllString(d.Text, "")
	out = append(out, indented.FindAllString(rest, -1)...)
	for _, m := range codeSpan.FindAllStringSubmatch(rest, -1) {
		out = append(out, m[1])
	}
	for i, line := range out {
		line = strings.ReplaceAll(line, "go run ./cmd/quick-deploy", "quick-deploy")
		out[i] = strings.ReplaceAll(line, "github:quick-deploy/quick-deploy --", "; quick-deploy")
	}
	return out
}

// flagsOf are the flags of a command, with dashes, and whether they take a value.
func flagsOf(c *cli.Command) map[string]bool {
	out := map[string]bool{"--help": false, "-h": false, "--version": false, "-v": false}
	for _, f := range c.Flags {
		value := false
		if d, ok := f.(cli.DocGenerationFlag); ok {
			value = d.TakesValue()
		}
		for _, name := range f.Names() {
			dashes := "--"
			if len(name) == 1 {
				dashes = "-"
			}
			out[dashes+name] = value
		}
	}
	return out
}

// program is the command line as --help tells it.
func program() *cli.Command {
	var root *cli.Command
	printer := cli.HelpPrinter
	defer func() { cli.HelpPrinter = printer }()
	cli.HelpPrinter = func(_ io.Writer, _ string, data any) { root, _ = data.(*cli.Command) }
	newProgram(nil, io.Discard, io.Discard).Execute([]string{"quick-deploy", "--help"})
	root.Commands = slices.DeleteFunc(root.Commands, func(c *cli.Command) bool { return c.Name == "completion" })
	for _, c := range root.Commands {
		withoutHelp(c)
	}
	return root
}

// withoutHelp takes out the command help that the library adds to every other one.
func withoutHelp(c *cli.Command) {
	c.Commands = slices.DeleteFunc(c.Commands, func(sub *cli.Command) bool { return sub.Name == "help" })
	for _, sub := range c.Commands {
		withoutHelp(sub)
	}
}

// checkCall says what is wrong with the arguments of quick-deploy in a document.
func checkCall(root *cli.Command, args []string) error {
	path := []*cli.Command{root}
	arguments := false
	for i := 0; i < len(args); i++ {
		arg := strings.Trim(args[i], `"'.,:`)
		c := path[len(path)-1]
		switch {
		case arg == "--":
			return nil
		case strings.HasPrefix(arg, "-"):
			name, _, assigned := strings.Cut(arg, "=")
			known := false
			lineage := path
			if len(path) == 1 {
				lineage = append(lineage, root.Command("switch")) // the program without a command
			}
			for _, p := range lineage {
				if value, ok := flagsOf(p)[name]; ok {
					if value && !assigned {
						i++
					}
					known = true
					break
				}
			}
			if !known {
				return fmt.Errorf("%s has no flag %s", c.FullName(), name)
			}
		case word.MatchString(arg) && !arguments && len(c.Commands) > 0:
			at := slices.IndexFunc(c.Commands, func(sub *cli.Command) bool { return sub.HasName(arg) })
			// help and completion are added by the library, while it runs.
			if at < 0 && len(path) == 1 && (arg == "help" || arg == "completion") {
				return nil
			}
			if at < 0 {
				return fmt.Errorf("%s has no command %s", c.FullName(), arg)
			}
			path = append(path, c.Commands[at])
		default:
			arguments = true
		}
	}
	return nil
}

// others are flags of other programs that documents name by themselves, and the end of flags.
var others = map[string]bool{"--target-host": true, "--install-bootloader": true, "--": true, "--detailed": true}

// A document names no command, flag or variable that the program does not have.
func TestDocsNameWhatExists(t *testing.T) {
	root := program()
	every := map[string]bool{}
	variables := map[string]bool{}
	var walk func(*cli.Command)
	walk = func(c *cli.Command) {
		for name := range flagsOf(c) {
			every[name] = true
		}
		for _, f := range c.Flags {
			if d, ok := f.(cli.DocGenerationFlag); ok {
				for _, v := range d.GetEnvVars() {
					variables[v] = true
				}
			}
		}
		for _, sub := range c.Commands {
			walk(sub)
		}
	}
	walk(root)
	// CONTRIBUTING.md tells of those that tests read.
	for _, file := range []string{"generator/real_nixpkgs_test.go", "generator/nixtest/rows.go", "cmd/playground/browser_test.go"} {
		for _, v := range variable.FindAllString(readFile(t, filepath.Join(projectRoot, file)), -1) {
			variables[v] = true
		}
	}
	for _, doc := range documents(t) {
		for _, line := range codeOf(doc) {
			for _, m := range called.FindAllStringSubmatch(line, -1) {
				if err := checkCall(root, strings.Fields(m[1])); err != nil {
					t.Errorf("%s: %s: %v", doc.Name, line, err)
				}
			}
			for _, v := range variable.FindAllString(line, -1) {
				if !variables[v] && v != "QUICK_DEPLOY_FLAKE" {
					t.Errorf("%s: no flag has the variable %s", doc.Name, v)
				}
			}
			if name, _, _ := strings.Cut(strings.Fields(line + " .")[0], "="); strings.HasPrefix(line, "--") && !every[name] && !others[name] {
				t.Errorf("%s: %s is no flag of quick-deploy", doc.Name, name)
			}
		}
	}
	for _, wrong := range []string{"swich", "switch --yess", "services ad redis", "--jsn status"} {
		if checkCall(root, strings.Fields(wrong)) == nil {
			t.Errorf("quick-deploy %s is not noticed", wrong)
		}
	}
}

// quotes makes the quotation marks of Nix, nixpkgs and Markdown one.
var quotes = strings.NewReplacer("‘", "'", "’", "'", "`", "'", `"`, "'")

// The messages that docs/troubleshooting.md explains are in the program, or among the real texts of
// Nix that its tests hold.
func TestDocumentedMessages(t *testing.T) {
	var known strings.Builder
	for _, dir := range []string{"cmd", "generator"} {
		err := filepath.WalkDir(filepath.Join(projectRoot, dir), func(path string, d fs.DirEntry, err error) error {
			ext := filepath.Ext(path)
			if err != nil || d.IsDir() || d.Name() == "docs_test.go" || (ext != ".go" && ext != ".txtar" && ext != ".txt") {
				return err
			}
			data, err := os.ReadFile(path)
			known.Write(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	texts := quotes.Replace(known.String())
	_, rest, _ := strings.Cut(readFile(t, filepath.Join(projectRoot, "docs", "troubleshooting.md")), "## What Nix says")
	section, _, _ := strings.Cut(rest, "\n## Becoming root")
	rows := 0
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		rows++
		cell, _, _ := strings.Cut(line[2:], " | ")
		for _, m := range codeSpan.FindAllStringSubmatch(cell, -1) {
			for part := range strings.SplitSeq(m[1], "…") {
				part = strings.Trim(quotes.Replace(part), " '")
				if part != "" && !strings.Contains(texts, part) {
					t.Errorf("nothing says %q: %s", part, m[1])
				}
			}
		}
	}
	if rows < 20 {
		t.Errorf("found %d messages", rows)
	}
}

// README's table of commands is made of their help (GOLDIE_UPDATE=1 writes it), and its exit codes are
// those of the program.
func TestReadme(t *testing.T) {
	const head = "| command | what it does |\n| --- | --- |\n"
	path := filepath.Join(projectRoot, "README.md")
	readme := readFile(t, path)
	before, after, found := strings.Cut(readme, head)
	if !found {
		t.Fatal("README.md has no table of commands")
	}
	_, after, _ = strings.Cut(after, "\n\n")
	table := head
	for _, c := range program().Commands {
		table += fmt.Sprintf("| `%s` | %s |\n", c.Name, c.Usage)
	}
	if made := before + table + "\n" + after; made != readme {
		if os.Getenv("GOLDIE_UPDATE") == "" {
			t.Errorf("README.md does not have the commands as their help has them:\n%s", table)
		} else if err := os.WriteFile(path, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var want strings.Builder
	want.WriteString("| code | meaning |\n| --- | --- |\n")
	codes := regexp.MustCompile(`(?m)^\t\w+ +Code = (\d+) +// (.+)$`).FindAllStringSubmatch(readFile(t, "internal/fault/fault.go"), -1)
	if len(codes) < 10 {
		t.Errorf("found %d exit codes", len(codes))
	}
	for _, c := range codes {
		fmt.Fprintf(&want, "| %s | %s |\n", c[1], c[2])
	}
	if !strings.Contains(readme, want.String()) {
		t.Errorf("README.md does not have the exit codes as the program means them:\n%s", want.String())
	}
}

// The steps that docs/how-it-works.md draws are those of a run, in order.
func TestDocumentedSteps(t *testing.T) {
	r := newReader(t)
	write(t, filepath.Join(r.dir, "quick-deploy.yaml"), "version: 1\nhost: {name: atlas, stateVersion: \"26.05\", users: {ada: {home: {git: {}}}}}\n")
	cmd := exec.CommandContext(t.Context(), "quick-deploy", "--json", "--dry-run", "switch")
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var plan struct{ Steps []struct{ Step string } }
	if err := json.Unmarshal(out, &plan); err != nil {
		t.Fatal(err)
	}
	text := readFile(t, filepath.Join(projectRoot, "docs", "how-it-works.md"))
	i := slices.IndexFunc(nixtest.Blocks(text), func(b block) bool { return b.Mark == "steps of a run" })
	if i < 0 {
		t.Fatal("docs/how-it-works.md does not draw the steps")
	}
	type place struct {
		name string
		at   int
	}
	var drawn []place
	diagram := nixtest.Blocks(text)[i].Text
	for _, s := range plan.Steps {
		at := regexp.MustCompile(`\[` + regexp.QuoteMeta(s.Step) + `[\]<]`).FindStringIndex(diagram)
		if at == nil {
			t.Errorf("step %s is not drawn", s.Step)
			continue
		}
		drawn = append(drawn, place{s.Step, at[0]})
	}
	if len(plan.Steps) == 0 || !slices.IsSortedFunc(drawn, func(a, b place) int { return cmp.Compare(a.at, b.at) }) {
		t.Errorf("the steps are drawn in another order: %v", drawn)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// docs/tuning.md lists every limit that a flag sets, with its variable and its default.
func TestDocumentedLimits(t *testing.T) {
	text := readFile(t, filepath.Join(projectRoot, "docs", "tuning.md"))
	for _, f := range program().Flags {
		name := f.Names()[0]
		d, ok := f.(cli.DocGenerationFlag)
		if !ok || !strings.HasSuffix(name, "-timeout") && name != "retries" {
			continue
		}
		row := regexp.MustCompile("(?m)^\\|.*`--" + name + "`.*$").FindString(text)
		if row == "" {
			t.Errorf("docs/tuning.md does not list --%s", name)
			continue
		}
		for _, v := range d.GetEnvVars() {
			if !strings.Contains(row, "`"+v+"`") {
				t.Errorf("docs/tuning.md does not name %s beside --%s", v, name)
			}
		}
		want := cmp.Or(d.GetDefaultText(), d.GetValue())
		if m := regexp.MustCompile(`\(default ([0-9a-z]+)\)`).FindStringSubmatch(d.GetUsage()); m != nil {
			want = m[1]
		}
		if !strings.Contains(row, "`"+want+"`") && !strings.Contains(row, "none") {
			t.Errorf("docs/tuning.md: the default of --%s is %s: %s", name, want, row)
		}
	}
}

// docs/migrating.md has a place for every flag, variable, constant and path of the old tool.
func TestMigratingIsComplete(t *testing.T) {
	text := readFile(t, filepath.Join(projectRoot, "docs", "migrating.md"))
	n := 0
	for line := range strings.Lines(readFile(t, filepath.Join("testdata", "old-tool.txt"))) {
		kind, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || kind == "#" {
			continue
		}
		n++
		found := false
		for row := range strings.Lines(text) {
			old, rest, ok := strings.Cut(strings.TrimPrefix(row, "| "), " | ")
			if strings.HasPrefix(row, "| ") && ok && strings.Contains(old, "`"+name+"`") && strings.Trim(rest, " |\n") != "" {
				found = true
			}
		}
		if !found {
			t.Errorf("docs/migrating.md has no row for the %s %s", kind, name)
		}
	}
	if n < 80 {
		t.Errorf("the list has %d entries", n)
	}
}

// The commands by which docs/migrating.md shows what became of the release notes run.
func TestReleaseNotesTable(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: generates a flake for each row")
	}
	_, section, _ := strings.Cut(readFile(t, filepath.Join(projectRoot, "docs", "migrating.md")), "## The release notes of 3.0.0")
	section, _, _ = strings.Cut(section, "\n## ")
	_, session := newLogged(t)
	ran := map[string]bool{}
	rows := 0
	for row := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(row, "|\n "), " | ")
		if len(cells) != 4 || !strings.HasPrefix(cells[2], "`") {
			continue
		}
		rows++
		line := strings.Trim(cells[2], "`")
		if ran[line] {
			continue
		}
		ran[line] = true
		words := strings.Fields(line)
		if words[0] != "quick-deploy" {
			t.Errorf("%s is no command of ours", line)
			continue
		}
		switch code, _ := session(words[1:]...); code {
		case fault.OK, fault.Pending:
		case fault.Health: // the test's machine is none
		default:
			t.Errorf("%s exits with %d", line, code)
		}
	}
	if rows < 30 {
		t.Errorf("the table has %d rows", rows)
	}
}
