package nix

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestStrings(t *testing.T) {
	for _, tt := range []struct{ s, want string }{
		{"", `""`},
		{"Bob ${builtins.readFile /etc/hostname}", `"Bob \${builtins.readFile /etc/hostname}"`},
		{"$${x}", `"$\${x}"`},
		{"a$", `"a$"`},
		{`\`, `"\\"`},
		{`"`, `"\""`},
		{"a\r\nb", `"a\r\nb"`},
		{"\t", `"\t"`},
		{"\x1b[0m", "\"\x1b[0m\""},
		{"ü😀", `"ü😀"`},
	} {
		got, err := Print(Str(tt.s))
		if err != nil || string(got) != tt.want+"\n" {
			t.Errorf("%q: got %s, %v, want %s", tt.s, got, err, tt.want)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, tt := range []struct{ name, s, want string }{
		{"lines", "a\nb\n", "''\n  a\n  b\n''"},
		{"no newline at the end", "a\nb", "''\n  a\n  b''"},
		{"inner indentation", "a\n  b\n\nc\n", "''\n  a\n    b\n\n  c\n''"},
		{"empty line first", "\na\n", "''\n\n  a\n''"},
		{"escapes", "''\n${x}\n$${y}\n'''\n\\n\n", "''\n  '''\n  ''${x}\n  $''${y}\n  ''''\n  \\n\n''"},
		{"one line", "a", `"a"`},
		{"all lines indented", " a\n  b\n", `" a\n  b\n"`},
		{"only newlines", "\n\n", `"\n\n"`},
		{"tab", "a\n\tb\n", `"a\n\tb\n"`},
		{"carriage return", "a\r\nb\n", `"a\r\nb\n"`},
		{"white space at the end of a line", "a \nb\n", `"a \nb\n"`},
		{"a line of white space", "a\n  \nb\n", `"a\n  \nb\n"`},
		{"quote before an antiquotation", "a\n'${x}\n", `"a\n'\${x}\n"`},
		{"quote at the end", "a\nb'", `"a\nb'"`},
		{"control character", "a\n\x07\n", "\"a\\n\x07\\n\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Print(Text(tt.s))
			if err != nil || string(got) != tt.want+"\n" {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"a", "a"}, {"_", "_"}, {"a-b'1", "a-b'1"}, {"A", "A"},
		{"", `""`}, {"1a", `"1a"`}, {"-a", `"-a"`}, {"'a", `"'a"`}, {"a.b", `"a.b"`}, {"a b", `"a b"`}, {"ä", `"ä"`},
		{"${x}", `"\${x}"`}, {`a"b`, `"a\"b"`}, {"\n", `"\n"`},
		{"assert", `"assert"`}, {"else", `"else"`}, {"if", `"if"`}, {"in", `"in"`}, {"inherit", `"inherit"`}, {"let", `"let"`},
		{"or", `"or"`}, {"rec", `"rec"`}, {"then", `"then"`}, {"with", `"with"`}, {"true", "true"}, {"null", "null"},
	} {
		got, err := Print(Ref{"x", tt.name})
		if want := "x." + tt.want + "\n"; err != nil || string(got) != want {
			t.Errorf("%q: got %s, %v, want %s", tt.name, got, err, want)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"./a.nix", "./a.nix"},
		{"./hosts/atlas/local.nix", "./hosts/atlas/local.nix"},
		{"../x+y/_z-1", "../x+y/_z-1"},
		{"/etc/x", "/etc/x"},
		{"./.", "./."},
		{"./x y", `./. + "/x y"`},
		{"./${x}", `./. + "/\${x}"`},
		{"./x/", `./. + "/x/"`},
	} {
		got, err := Print(Path(tt.path))
		if err != nil || string(got) != tt.want+"\n" {
			t.Errorf("%q: got %s, %v, want %s", tt.path, got, err, tt.want)
		}
	}
	for _, path := range []string{"", "a", "/", "/a b", "~/x", "<nixpkgs>", "./", "..", "../a b", "./a\x00"} {
		if got, err := Print(Path(path)); err == nil {
			t.Errorf("%q: got %s, want an error", path, got)
		}
	}
}

func TestRefused(t *testing.T) {
	deep := func(e Expr) Expr {
		return Attrs{Body: []Binding{{Path: []string{"services", "a.b"}, Value: List{e}}}}
	}
	for _, tt := range []struct {
		name string
		e    Expr
		want string
	}{
		{"NUL", deep(Str("a\x00")), `print services."a.b": a NUL`},
		{"NUL in text", Text("a\nb\x00\n"), "NUL"},
		{"encoding", Str("\xff"), "UTF-8"},
		{"encoding in text", Text("a\n\xff\n"), "UTF-8"},
		{"NUL in a name", Ref{"a", "\x00"}, "attribute name"},
		{"encoding in a name", Attrs{Body: []Binding{{Path: []string{"\xff"}, Value: Null{}}}}, "attribute name"},
		{"antiquoted string", Interp{Str("a\x00"), Ref{"x"}}, "NUL"},
		{"comment", List{Item{Value: Null{}, Comment: "\xff"}}, "comment"},
		{"NaN", Float(math.NaN()), "NaN"},
		{"infinity", Float(math.Inf(-1)), "Inf"},
		{"nothing", nil, "missing"},
		{"nothing inside", List{Item{}}, "missing"},
		{"no such variable", Ref{"a b"}, `"a b" cannot be the name of a variable`},
		{"keyword", Ref{"with"}, "variable"},
		{"empty reference", Ref{}, "empty reference"},
		{"argument", Func{Arg: "a b", Body: Null{}}, "variable"},
		{"parameter", Func{Params: []string{"a-b", "a.b"}, Body: Null{}}, "variable"},
		{"binding without a name", Attrs{Body: []Binding{{Value: Null{}}}}, "without a name"},
		{"operator", Op{"=>", Null{}, Null{}}, `no operator "=>"`},
		{"binding without a value", Attrs{Body: []Binding{{Path: []string{"a"}}}}, "missing"},
		{"call without arguments", Call{Fn: Ref{"f"}}, "without arguments"},
		{"number in a string", Interp{Str("a"), Int(1)}, "cannot be part of a string"},
		{"module within", List{Func{Params: []string{"lib"}, Body: Null{}}}, "within"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Print(tt.e)
			if err == nil || !strings.Contains(err.Error(), tt.want) || got != nil {
				t.Errorf("got %s, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}

// A comment cannot end early: Nix ends it at a carriage return too.
func TestCommentsStayComments(t *testing.T) {
	f := File{Header: "a\rabort \"x\"", Body: Attrs{Body: []Binding{
		{Path: []string{"a"}, Value: Int(1), Comment: "one\r\ntwo\rthree\u2028four\n\n\x07five\n"},
	}}}
	p, err := f.Print()
	if err != nil {
		t.Fatal(err)
	}
	const want = "# a\n# abort \"x\"\n{\n  # one\n  # two\n  # three\n  # four\n  #\n  #  five\n  a = 1;\n}\n"
	if string(p.Source) != want {
		t.Errorf("got\n%s\nwant\n%s", p.Source, want)
	}
}

// unquote reads a Nix string literal by the rules of the evaluator's lexer.
// Antiquotations are an error.
func unquote(s string) (string, error) {
	errText := errors.New("not one string")
	if body, ok := strings.CutPrefix(s, `"`); ok {
		var out strings.Builder
		for i := 0; i < len(body); i++ {
			switch c := body[i]; {
			case c == '"':
				if i+1 != len(body) {
					return "", errText
				}
				return out.String(), nil
			case c == '\\':
				i++
				switch body[i] {
				case 'n':
					out.WriteByte('\n')
				case 'r':
					out.WriteByte('\r')
				case 't':
					out.WriteByte('\t')
				default:
					out.WriteByte(body[i])
				}
			case c == '\r':
				out.WriteByte('\n')
			case strings.HasPrefix(body[i:], "$${"):
				out.WriteString("$$")
				i++
			case strings.HasPrefix(body[i:], "${"):
				return "", fmt.Errorf("antiquotation in %s", s)
			default:
				out.WriteByte(c)
			}
		}
		return "", errText
	}
	body, ok := strings.CutPrefix(s, "''\n")
	if !ok {
		return "", errText
	}
	// Escapes become bytes that the fuzz input does not contain here, until indentation is stripped.
	var raw strings.Builder
	end := -1
	for i := 0; i < len(body) && end < 0; i++ {
		rest := body[i:]
		switch {
		case strings.HasPrefix(rest, "'''"):
			raw.WriteString("''")
			i += 2
		case strings.HasPrefix(rest, "''$"):
			raw.WriteString("$")
			i += 2
		case strings.HasPrefix(rest, `''\`):
			return "", fmt.Errorf("an escape that the printer does not use in %s", s)
		case strings.HasPrefix(rest, "''"):
			end = i + 2
		case strings.HasPrefix(rest, "${"):
			return "", fmt.Errorf("antiquotation in %s", s)
		case rest[0] == '$' && len(rest) > 1 && rest[1] != '\'':
			raw.WriteString(rest[:2])
			i++
		case rest[0] == '\'' && len(rest) > 1 && rest[1] != '$':
			raw.WriteString(rest[:2])
			i++
		default:
			raw.WriteByte(rest[0])
		}
	}
	if end != len(body) {
		return "", errText
	}
	lines := strings.Split(raw.String(), "\n")
	if last := len(lines) - 1; strings.Trim(lines[last], " ") == "" {
		lines[last] = ""
	}
	indent := math.MaxInt
	for _, l := range lines {
		if text := strings.TrimLeft(l, " "); text != "" {
			indent = min(indent, len(l)-len(text))
		}
	}
	for i, l := range lines {
		lines[i] = l[min(indent, len(l)):]
	}
	return strings.Join(lines, "\n"), nil
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "a", "${x}", "$${x}", "$", "''", "'''", "'${", "\\", "\"", "a\nb", " a\nb\n", "a\n''${b}'\n", "\r\n", "\x00", "\xff", "a\n$$${\n", "a\n'", "\n '"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, e := range []Expr{Str(s), Text(s)} {
			out, err := Print(e)
			if bad := strings.ContainsRune(s, 0) || !utf8.ValidString(s); bad != (err != nil) {
				t.Fatalf("%T %q: error %v", e, s, err)
			}
			if err != nil {
				continue
			}
			got, err := unquote(strings.TrimSuffix(string(out), "\n"))
			if err != nil || got != s {
				t.Errorf("%T %q: printed %s, which is %q, %v", e, s, out, got, err)
			}
		}
	})
}

func FuzzAttrName(f *testing.F) {
	for _, s := range []string{"", "a", "or", "with", "a.b", "a-b'", "1", "${x}", "$${", "\"", "\\", "\n", "\x00", "\xff", "ü", "a\".b"} {
		f.Add(s, "b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		path := []string{a, b}
		out, err := Print(Attrs{Body: []Binding{{Path: path, Value: Null{}}}})
		bad := strings.ContainsRune(a+b, 0) || !utf8.ValidString(a) || !utf8.ValidString(b)
		if bad != (err != nil) {
			t.Fatalf("%q: error %v", path, err)
		}
		if err != nil {
			return
		}
		source := strings.TrimSuffix(strings.TrimPrefix(string(out), "{"), "}\n")
		source = strings.TrimSuffix(strings.TrimSpace(source), "null;")
		source = strings.TrimSuffix(strings.TrimSpace(source), "=")
		got, err := ParseAttrPath(strings.TrimSpace(source))
		if err != nil || len(got) != 2 || got[0] != a || got[1] != b {
			t.Errorf("%q: printed %s, read back as %q, %v", path, out, got, err)
		}
		if back, err := ParseAttrPath(FormatAttrPath(path)); err != nil || back[0] != a || back[1] != b {
			t.Errorf("%q: formatted %s, read back as %q, %v", path, FormatAttrPath(path), back, err)
		}
	})
}

// FuzzParseAttrPath: any text is either refused or a path that prints.
func FuzzParseAttrPath(f *testing.F) {
	for _, s := range []string{"a.b", `a."b.c".d`, `"\${x}"`, "", ".", "a.", `"`, `"a"b`, "a..b", `"${x}"`, "a b", "1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		path, err := ParseAttrPath(s)
		if err != nil {
			return
		}
		if _, err := Print(Attrs{Body: []Binding{{Path: path, Value: Null{}}}}); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	})
}
