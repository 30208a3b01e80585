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
	case Select:
		s := "(" + explicit(e.Of)
		if _, ok := view(e.Of).(Ref); ok { // a.b.c is one path, so that "or" covers it all
			s = strings.TrimSuffix(s[1:], ")")
		}
		for _, a := range e.Attr {
			switch n := view(a).(type) {
			case Str:
				s += "." + explicitString(string(n))
				continue
			case Text:
				s += "." + explicitString(string(n))
				continue
			}
			s += ".${" + explicit(a) + "}"
		}
		if e.Or != nil {
			s += " or (" + explicit(e.Or) + ")"
		}
		return s + ")"
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
		s := "{ "
		if e.Rec {
			s = "rec { "
		}
		return s + explicitBindings(e.Body) + "}"
	case Let:
		return "(let " + explicitBindings(e.Binds) + " in " + explicit(e.Body) + ")"
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
		params := e.Params[:len(e.Params):len(e.Params)]
		if e.Open {
			params = append(params, "...")
		}
		s := "{ " + strings.Join(params, ", ") + " }: " + explicit(e.Body) + ")"
		if e.As != "" {
			return "(" + e.As + " @ " + s
		}
		return "(" + s
	case If:
		return "(if " + explicit(e.Cond) + " then " + explicit(e.Then) + " else " + explicit(e.Else) + ")"
	case Not:
		return "(! " + explicit(e.Of) + ")"
	case Op:
		list := e.operands()
		switch e.Name {
		case "++", "//": // Nix groups these to the right
			s := explicit(list[len(list)-1])
			for i := len(list) - 2; i >= 0; i-- {
				s = "(" + explicit(list[i]) + " " + e.Name + " " + s + ")"
			}
			return s
		}
		s := explicit(list[0])
		for _, o := range list[1:] {
			s = "(" + s + " " + e.Name + " " + explicit(o) + ")"
		}
		return s
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
		switch {
		case b.Value != nil:
			for i, n := range b.Path {
				if i > 0 {
					s += "."
				}
				s += explicitString(n)
			}
			s += " = " + explicit(b.Value) + "; "
		case b.From != nil:
			s += "inherit (" + explicit(b.From) + ")"
			for _, n := range b.Inherit {
				s += " " + explicitString(n)
			}
			s += "; "
		default:
			s += "inherit " + strings.Join(b.Inherit, " ") + "; "
		}
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
		var list List
		for _, e := range rapid.SliceOfN(genExpr(5), 1, 30).Draw(rt, "exprs") {
			list = append(list, Func{Params: FreeVariables(e), Open: true, Body: e})
		}
		printed, err := Print(list)
		if err != nil {
			rt.Fatal(err)
		}
		got, want := parse(rt, string(printed)), parse(rt, explicit(list))
		if got != want {
			rt.Fatalf("%s\nmeans\n%s\nwant\n%s", printed, got, want)
		}
	})
}
