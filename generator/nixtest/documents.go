package nixtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// Document is a page of the documentation.
type Document struct {
	Name   string // relative to the root of the project
	Text   string
	Blocks []Block
}

// Block is a fenced block of a document.
type Block struct {
	Lang, Text string
	Mark       string // the HTML comment above it
	Line       int    // of its first line
}

// Profile is a quick-deploy.yaml of a document, with the files that the document has shown before it.
type Profile struct {
	Name  string // where it stands, such as docs/recipes.md:15
	Files fstest.MapFS
}

var (
	comment = regexp.MustCompile(`^<!-- (.+) -->$`)
	// fileName is the first line of a block that is a file.
	fileName = regexp.MustCompile(`^# ([\w./-]+\.yaml)\n`)
)

// Documents reads README.md, CONTRIBUTING.md and docs/*.md below the root of the project.
func Documents(tb testing.TB, root string) []Document {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		tb.Fatal(err)
	}
	var docs []Document
	for _, path := range append(names, filepath.Join(root, "CONTRIBUTING.md"), filepath.Join(root, "README.md")) {
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			tb.Fatal(err)
		}
		docs = append(docs, Document{name, string(data), Blocks(string(data))})
	}
	return docs
}

// Blocks are the fenced blocks of a Markdown text.
func Blocks(text string) []Block {
	var blocks []Block
	var b *Block
	mark := ""
	for i, line := range strings.Split(text, "\n") {
		switch fence, ok := strings.CutPrefix(line, "```"); {
		case ok && b == nil:
			b = &Block{Lang: fence, Mark: mark, Line: i + 2}
		case ok:
			blocks = append(blocks, *b)
			b, mark = nil, ""
		case b != nil:
			b.Text += line + "\n"
		case comment.MatchString(line):
			mark = comment.FindStringSubmatch(line)[1]
		case line != "":
			mark = ""
		}
	}
	return blocks
}

// File is the name of the YAML file that the block shows: its first line is "# NAME.yaml". Empty if it shows none.
func (b Block) File() string {
	if m := fileName.FindStringSubmatch(b.Text); m != nil && b.Lang == "yaml" {
		return m[1]
	}
	return ""
}

// Profiles are the profiles that a document shows.
func (d Document) Profiles() []Profile {
	var out []Profile
	files := fstest.MapFS{}
	for _, b := range d.Blocks {
		if b.File() == "" {
			continue
		}
		files[b.File()] = &fstest.MapFile{Data: []byte(b.Text), Mode: 0o644}
		if b.File() == "quick-deploy.yaml" {
			out = append(out, Profile{fmt.Sprintf("%s:%d", d.Name, b.Line), maps.Clone(files)})
		}
	}
	return out
}
