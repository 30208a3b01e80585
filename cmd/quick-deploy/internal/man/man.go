// Package man writes manual pages in the macros of man(7): one a command, from what its help says, and one of the
// profile, from the schema.
package man

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Profile is the name of the page that describes the profile.
const Profile = "quick-deploy.yaml"

// List names the pages with their sections.
func List(root *cli.Command) []string {
	out := []string{root.Name + ".1"}
	for _, c := range root.Commands {
		if !c.Hidden && c.Name != "help" {
			out = append(out, root.Name+"-"+c.Name+".1")
		}
	}
	return append(out, Profile+".5")
}

// Page is the page called name: the program's own, that of a command with or without the program's name before it, or
// that of the profile. The error is a usage fault where there is none of that name.
func Page(root *cli.Command, name string) (string, error) {
	name = strings.TrimPrefix(name, root.Name+"-")
	switch name {
	case "", root.Name:
		return command(root, root), nil
	case Profile:
		n, err := schema.Root()
		if err != nil {
			return "", err
		}
		return reference(schema.Reference(n)), nil
	}
	for _, c := range root.Commands {
		if c.Name == name {
			return command(root, c), nil
		}
	}
	return "", fault.New(fault.Usage, "no manual page %q", name).Hint("%s man --list names them", root.Name)
}

func command(root, c *cli.Command) string {
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
	p.section("EXIT STATUS")
	for _, c := range fault.Codes() {
		p.item(bold(fmt.Sprint(c.Code)), c.Meaning)
	}
	return p.String()
}

func reference(sections []schema.Section) string {
	p := start(Profile, 5, "a NixOS machine, or a fleet, in one file")
	p.section("DESCRIPTION")
	p.text(schema.Lists)
	for _, s := range sections {
		switch {
		case s.Minor:
			p.printf(".SS %s\n", escape(s.Title))
		case s.Title != "":
			p.section(strings.ToUpper(s.Title))
		default:
			p.printf(".PP\n")
		}
		p.text(s.Text)
		for _, k := range s.Keys {
			meaning := k.Meaning
			if k.Sets != "" {
				meaning += " Sets " + k.Sets + "."
			}
			p.item(bold(k.Path)+" ("+inline(k.Kind, 'B')+")", meaning)
		}
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
