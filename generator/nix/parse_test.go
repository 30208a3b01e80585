package nix

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

func TestMain(m *testing.M) { nixtest.Main(m) }

// explicit writes an expression the dullest way: everything in parentheses,
// every character of a string escaped. It shares no code with the printer.
func explicit(e Expr) string {
	switch e := view(e).(type) {
	case Str:
		return explicitString(string(e))
	case Text:
		return explicitString(string(e))
	case Int:
		if e < 0 {
			return fmt.Sprintf("(-%d)", -e)
		}
		return fmt.Sprint(int64(e))
	case Float:
		if e < 0 {
			return "(-" + explicit(-e) + ")"
		}
		s := fmt.Sprintf("%.400f", float64(e))
		return s
	case Bool:
		return fmt.Sprint(bool(e))
	case Null:
		return "null"
	case Path:
		return string(e)
	case Ref:
		s := e[0]
		for _, n := range e[1:] {
			s += "." + explicitString(n)
		}
		return "(" + s + ")"
	case List:
		s := "["
		for _, e := range e {
			s += " (" + explicit(e) + ")"
		}
		return s + " ]"
	case Interp:
		s := `"`
		for _, e := range e {
			if text, ok := e.(Str); ok {
				part := explicitString(string(text))
				s += part[1 : len(part)-1]
				continue
			}
			s += "${" + explicit(e) + "}"
		}
		return s + `"`
	case Attrs:
		return "{ " + explicitBindings(e.Body) + "}"
	case Call:
		s := "((" + explicit(e.Fn) + ")"
		for _, a := range e.Args {
			s += " (" + explicit(a) + ")"
		}
		return s + ")"
	case Func:
		if e.Arg != "" {
			return "(" + e.Arg + ": " + explicit(e.Body) + ")"
		}
		return "({ " + strings.Join(append(e.Params[:len(e.Params):len(e.Params)], "..."), ", ") + " }: " + explicit(e.Body) + ")"
	case Not:
		return "(! " + explicit(e.Of) + ")"
	case Op:
		return "(" + explicit(e.Left) + " " + e.Name + " " + explicit(e.Right) + ")"
	default:
		panic(fmt.Sprintf("%T", e))
	}
}

func explicitString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '\n', '\r', '\t':
			b.WriteString(map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`}[r])
		case 'n', 'r', 't':
			b.WriteRune(r)
		default:
			if r < 0x80 {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func explicitBindings(bs []Binding) string {
	s := ""
	for _, b := range bs {
		for i, n := range b.Path {
			if i > 0 {
				s += "."
			}
			s += explicitString(n)
		}
		s += " = " + explicit(b.Value) + "; "
	}
	return s
}

// pieces matches how Nix shows an indented string with escapes in it: ("a" + "b").
var pieces = regexp.MustCompile(`\("(?:[^"\\]|\\.)*"(?: \+ "(?:[^"\\]|\\.)*")+\)`)

// escapes matches one escape sequence, so that the backslash of an escaped
// backslash is not taken for the beginning of the next.
var escapes = regexp.MustCompile(`\\\$\{|\\.`)

// joinPieces makes literal strings that Nix shows in pieces whole.
func joinPieces(s string) string {
	for {
		joined := pieces.ReplaceAllStringFunc(s, func(s string) string {
			return strings.ReplaceAll(s[1:len(s)-1], `" + "`, "")
		})
		if joined == s {
			return escapes.ReplaceAllStringFunc(s, func(e string) string {
				if e == `\${` {
					return `${`
				}
				return e
			})
		}
		s = joined
	}
}

// TestNixParsesTheSame: what is printed means the expression, says Nix's own
// parser, which prints both forms with all parentheses. Free variables are made
// arguments; Nix refuses a name that is missing there.
func TestNixParsesTheSame(t *testing.T) {
	env := nixtest.New(t)
	dir := t.TempDir()
	parse := func(rt *rapid.T, source string) string {
		file := filepath.Join(dir, "x.nix")
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			rt.Fatal(err)
		}
		cmd := env.Command(t.Context(), "nix-instantiate", "--parse", file)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			rt.Fatalf("%v: %s\nin\n%s", err, &stderr, source)
		}
		return joinPieces(string(out))
	}
	rapid.Check(t, func(rt *rapid.T) {
		list := List(rapid.SliceOfN(genExpr(5), 1, 30).Draw(rt, "exprs"))
		f := Func{Params: FreeVariables(list), Body: list}
		printed, err := Print(f)
		if err != nil {
			rt.Fatal(err)
		}
		got, want := parse(rt, string(printed)), parse(rt, explicit(f))
		if got != want {
			rt.Fatalf("%s\nmeans\n%s\nwant\n%s", printed, got, want)
		}
	})
}
