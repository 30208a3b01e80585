package cli

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/quick-deploy/quick-deploy/docs"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// topics are the pages of the documentation, by name and heading.
func topics() []word {
	files, _ := docs.Files.ReadDir(".")
	var out []word
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".md")
		if !ok || name == "README" {
			continue
		}
		text, _ := docs.Files.ReadFile(f.Name())
		heading, _, _ := strings.Cut(string(text), "\n")
		out = append(out, word{name, strings.TrimLeft(heading, "# ")})
	}
	return out
}

func isTopic(name string) bool {
	return slices.ContainsFunc(topics(), func(t word) bool { return t.Text == name })
}

// topic is a page of the documentation as plain text, and whether there is one of that name. It may be named by its
// file, too, as in docs/recovery.md.
func topic(name string) (text string, ok bool, err error) {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "docs/"), ".md")
	if !isTopic(name) {
		return "", false, nil
	}
	markdown, err := docs.Files.ReadFile(name + ".md")
	if err != nil {
		return "", true, fmt.Errorf("read the documentation: %w", err)
	}
	return plain(string(markdown)), true, nil
}

var (
	mdLink    = lazyregexp.New(`\[([^\]]*)\]\(([^)\s]+)\)`)
	mdComment = lazyregexp.New(`(?s)<!--.*?-->\n?`)
	mdRule    = lazyregexp.New(`^\|[ :|-]+\|$`)
	mdItem    = lazyregexp.New(`^( *)([-*]|\d+\.) +`)
)

// plain is a document as text for a terminal: paragraphs and lists wrapped, code as it is, the rows of a table one
// below the other, pictures left out.
func plain(markdown string) string {
	p := &plainText{}
	fence, shown := false, false
	for line := range strings.Lines(mdComment.ReplaceAllString(markdown, "")) {
		line = strings.TrimRight(line, "\n")
		item := mdItem.FindString(line)
		switch {
		case strings.HasPrefix(line, "```"):
			p.end()
			fence, shown = !fence, !fence && line != "```mermaid"
		case fence && shown:
			p.printf("    %s\n", line)
		case fence, strings.HasPrefix(line, "!["):
		case line == "":
			p.end()
			p.table = nil
			p.blank()
		case strings.HasPrefix(line, "#"):
			p.end()
			title, under := inlineText(strings.TrimLeft(line, "# ")), "-"
			if strings.HasPrefix(line, "# ") {
				under = "="
			}
			p.printf("%s\n%s\n", title, strings.Repeat(under, uniseg.StringWidth(title)))
		case strings.HasPrefix(line, "|"):
			p.end()
			p.row(line)
		case strings.HasPrefix(line, "    ") && p.text == "":
			p.printf("%s\n", line)
		case item != "":
			p.end()
			p.first, p.indent = item, strings.Repeat(" ", len(item))
			p.text = line[len(item):]
		default:
			p.text += " " + strings.TrimSpace(line)
		}
	}
	p.end()
	return strings.TrimRight(p.String(), "\n") + "\n"
}

// plainText is a text in the making, and the paragraph that is being read.
type plainText struct {
	strings.Builder
	first, indent, text string
	table               []string // the headings of the table that is being read
}

func (p *plainText) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// blank is an empty line, if there is none.
func (p *plainText) blank() {
	if !strings.HasSuffix(p.String(), "\n\n") {
		p.printf("\n")
	}
}

// end writes the paragraph.
func (p *plainText) end() {
	begin := p.first
	for _, l := range wrapped(inlineText(p.text), helpWidth-len(p.indent)) {
		p.printf("%s%s\n", begin, l)
		begin = p.indent
	}
	p.first, p.indent, p.text = "", "", ""
}

// row writes a row of a table: its first cell, and the others below, behind their headings where there are several.
func (p *plainText) row(line string) {
	if mdRule.MatchString(line) {
		return
	}
	line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(strings.ReplaceAll(line, `\|`, "\x00")), "|"), "|")
	cells := strings.Split(line, "|")
	for i, c := range cells {
		cells[i] = inlineText(strings.TrimSpace(strings.ReplaceAll(c, "\x00", "|")))
	}
	if p.table == nil {
		p.table = cells
		return
	}
	for i, c := range cells {
		switch {
		case i == 0:
			p.text = c
		case c == "":
			continue
		case len(cells) > 2 && i < len(p.table) && p.table[i] != "":
			p.first, p.indent, p.text = "    ", "      ", p.table[i]+": "+c
		default:
			p.first, p.indent, p.text = "    ", "    ", c
		}
		p.end()
	}
}

// inlineText is a line without marks. A link to another page becomes the name of its topic.
func inlineText(s string) string {
	s = mdLink.ReplaceAllStringFunc(s, func(link string) string {
		m := mdLink.FindStringSubmatch(link)
		file, _, _ := strings.Cut(m[2], "#")
		name, ok := strings.CutSuffix(file, ".md")
		switch {
		case ok && path.Base(file) == file && m[1] == file:
			return "quick-deploy help " + name
		case ok && path.Base(file) == file:
			return m[1] + " (quick-deploy help " + name + ")"
		case strings.Contains(m[2], "://") && m[1] != m[2]:
			return m[1] + " (" + m[2] + ")"
		}
		return m[1]
	})
	return strings.ReplaceAll(strings.ReplaceAll(s, "**", ""), "`", "")
}
