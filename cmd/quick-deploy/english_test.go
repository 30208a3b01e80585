package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// phrase is a line of testdata/english.tsv: a wording that no text for users may have. Letters stand for both cases, and
// it begins and ends at the bounds of words.
type phrase struct {
	text, but       *regexp.Regexp // where but matches what text has matched, it is fine; nil: nowhere
	write, why, has string         // the better wording, the reason, and a sentence that has it
}

// TestEnglish reads every text that the program, its schema, its modules and its documentation show to somebody, and
// refuses the wordings of testdata/english.tsv.
func TestEnglish(t *testing.T) {
	texts := textsOfProgram(t)
	if len(texts) < 3000 {
		t.Errorf("only %d texts were found: something is no longer read", len(texts))
	}
	for _, p := range phrases(t) {
		for _, text := range texts {
			for _, at := range p.find(text.words) {
				t.Errorf("%s:%d: %q: write %s (%s)", text.path, text.line+strings.Count(text.words[:at[0]], "\n"),
					text.words[at[0]:at[1]], p.write, p.why)
			}
		}
	}
}

// TestEnglishPhrases plants each wording.
func TestEnglishPhrases(t *testing.T) {
	for _, p := range phrases(t) {
		if len(p.find(p.has)) == 0 {
			t.Errorf("%q does not match its own example %q", p.text, p.has)
		}
		if p.write == "" || p.why == "" {
			t.Errorf("%q: nothing is said of what to write, or why", p.text)
		}
		if len(p.find(p.write)) > 0 {
			t.Errorf("%q matches what is to be written instead: %q", p.text, p.write)
		}
	}
}

func phrases(t *testing.T) []phrase {
	t.Helper()
	expression := func(text string) *regexp.Regexp {
		if text == "" {
			return nil
		}
		return regexp.MustCompile(`(?i)\b(?:` + strings.ReplaceAll(text, " ", `\s+`) + `)\b`)
	}
	var out []phrase
	for line := range strings.Lines(readFile(t, "testdata/english.tsv")) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			t.Fatalf("%q has %d columns", line, len(f))
		}
		out = append(out, phrase{expression(f[0]), expression(f[1]), f[2], f[3], f[4]})
	}
	return out
}

// find tells where in words the phrase is.
func (p phrase) find(words string) [][]int {
	found := p.text.FindAllStringIndex(words, -1)
	return slices.DeleteFunc(found, func(at []int) bool {
		return p.but != nil && p.but.MatchString(words[at[0]:at[1]])
	})
}

// TestEnglishIsRead plants a phrase in each kind of text.
func TestEnglishIsRead(t *testing.T) {
	const bad = "is no valid name"
	for _, c := range []struct {
		kind  string
		read  func(t *testing.T, path string, data []byte) []sentence
		data  string
		count int
	}{
		{"a literal", literalsOf, "package p\n\nvar x = \"it is no valid name\"\n", 1},
		{"literals joined", literalsOf, "package p\n\nvar x = \"it is no \" +\n\t\"valid name\"\n", 1},
		{"a literal with a value", literalsOf, "package p\n\nfunc f(s string) string { return s + \"it is no \" + \"valid name\" }\n", 1},
		{"a tag and an import", literalsOf, "package p\n\nimport _ \"it is no valid name\"\n\ntype t struct {\n\tx int `it is no valid name`\n}\n", 0},
		{"an expression", literalsOf, "package p\n\nvar x = regexp.MustCompile(`it is no valid name`)\n", 0},
		{"JSON", stringsOf, `{"a": [{"description": "it is no valid name"}]}`, 1},
		{"JSON's keys and patterns", stringsOf, `{"it is no valid name": 1, "pattern": "it is no valid name", "sources": ["it is no valid name"]}`, 0},
		{"a comment of Nix or YAML", commentsOf, "# it is no\n  # valid name\n{ } # it is no valid name\n", 2},
		{"a value of Nix", commentsOf, "{ a = \"it is no valid name\"; }\n", 0},
		{"a document", proseOf, "A\nb is no\nvalid name.\n", 1},
	} {
		n := 0
		for _, s := range c.read(t, "planted", []byte(c.data)) {
			n += len(regexp.MustCompile(strings.ReplaceAll(bad, " ", `\s+`)).FindAllString(s.words, -1))
		}
		if n != c.count {
			t.Errorf("%s: found %d times, want %d: %q", c.kind, n, c.count, c.data)
		}
	}
}

// sentence is a text that is shown to somebody, and where it begins.
type sentence struct {
	path  string // below the root of the project
	line  int
	words string // with its line ends
}

// textsOfProgram has the texts of the files that are part of the program, of what it writes, and of its documentation.
func textsOfProgram(t *testing.T) []sentence {
	t.Helper()
	var out []sentence
	for _, place := range []struct {
		folder string
		ends   string
		read   func(t *testing.T, path string, data []byte) []sentence
	}{
		{"cmd/quick-deploy", ".go", literalsOf},
		{"cmd/quick-deploy", ".json", stringsOf},
		{"generator", ".go", literalsOf},
		{"generator", ".json", stringsOf},
		{"schema", ".go", literalsOf},
		{"schema", ".json", stringsOf},
		{"schema/presets", ".yaml", commentsOf},
		{"modules", ".nix", commentsOf},
		{"golden", ".nix", commentsOf},
		{"docs", ".md", proseOf},
		{"docs/template", ".yaml", commentsOf},
		{"schema", ".5", proseOf},
		{"cmd/quick-deploy/internal/cli/man", ".1", proseOf},
		{"README.md", "README.md", proseOf},
		{"CHANGELOG.md", "CHANGELOG.md", proseOf},
		{"SECURITY.md", "SECURITY.md", proseOf},
		{"CONTRIBUTING.md", "CONTRIBUTING.md", proseOf},
	} {
		before := len(out)
		err := filepath.WalkDir(filepath.Join(projectRoot, place.folder), func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name := d.Name()
			if d.IsDir() {
				if name == "testdata" || strings.HasSuffix(name, "test") || strings.HasPrefix(name, "mk") {
					return fs.SkipDir
				}
				return nil
			}
			if !strings.HasSuffix(name, place.ends) || strings.HasSuffix(name, "_test.go") {
				return nil
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			path, err := filepath.Rel(projectRoot, file)
			if err != nil {
				return err
			}
			out = append(out, place.read(t, filepath.ToSlash(path), data)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(out) == before {
			t.Errorf("%s: no text ends with %s any more", place.folder, place.ends)
		}
	}
	return out
}

// literalsOf has the string literals of Go, those that are joined as one, with … for what is not a literal. Left out
// are imports, tags and regular expressions.
func literalsOf(t *testing.T, path string, data []byte) []sentence {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, data, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []sentence
	var visit func(ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Type != nil {
				ast.Inspect(n.Type, visit)
			}
			return false
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := f.X.(*ast.Ident)
			return !ok || x.Name != "regexp" && x.Name != "lazyregexp"
		case *ast.BinaryExpr, *ast.BasicLit:
			words, others := literal(n.(ast.Expr))
			if strings.Contains(strings.TrimSpace(words), " ") {
				out = append(out, sentence{path, set.Position(n.Pos()).Line, words})
			}
			for _, e := range others {
				ast.Inspect(e, visit)
			}
			return false
		}
		return true
	}
	ast.Inspect(file, visit)
	return out
}

// literal is the text of literals that + joins, with … for the other expressions.
func literal(e ast.Expr) (words string, others []ast.Expr) {
	switch e := e.(type) {
	case *ast.BasicLit:
		words, err := strconv.Unquote(e.Value)
		if e.Kind != token.STRING || err != nil {
			return "", nil
		}
		return words, nil
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", []ast.Expr{e.X, e.Y}
		}
		left, others := literal(e.X)
		right, more := literal(e.Y)
		return left + right, append(others, more...)
	}
	return "…", []ast.Expr{e}
}

// stringsOf has the values of JSON that are texts; a pattern is for a machine, sources are for those who change a table.
func stringsOf(t *testing.T, path string, data []byte) []sentence {
	t.Helper()
	var out []sentence
	decoder := json.NewDecoder(bytes.NewReader(data))
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				if key != "pattern" && key != "sources" {
					walk(value)
				}
			}
		case []any:
			for _, value := range v {
				walk(value)
			}
		case string:
			if strings.Contains(v, " ") {
				written := strings.TrimSuffix(strings.TrimPrefix(jsonText(v), `"`), `"`)
				at := bytes.Index(data, []byte(written))
				out = append(out, sentence{path, 1 + bytes.Count(data[:max(at, 0)], []byte("\n")), v})
			}
		}
	}
	walk(value)
	return out
}

// jsonText is a text as a file of JSON has it.
func jsonText(s string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return fmt.Sprint(err)
	}
	return strings.TrimSpace(b.String())
}

var comment = regexp.MustCompile(`(?:^|\s)#(?:\s+(.*))?$`)

// commentsOf has the comments of Nix or YAML; lines of comments that follow each other are one text.
func commentsOf(_ *testing.T, path string, data []byte) []sentence {
	var out []sentence
	open := false
	for i, line := range strings.Split(string(data), "\n") {
		m := comment.FindStringSubmatch(line)
		alone := strings.HasPrefix(strings.TrimSpace(line), "#")
		switch {
		case m == nil:
			open = false
		case open && alone:
			out[len(out)-1].words += "\n" + m[1]
		default:
			out = append(out, sentence{path, i + 1, m[1]})
			open = alone
		}
	}
	return out
}

// proseOf is a document as one text.
func proseOf(_ *testing.T, path string, data []byte) []sentence {
	return []sentence{{path, 1, string(data)}}
}
