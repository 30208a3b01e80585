// Package term is the gate to the terminal: all that reaches a person goes
// through it, whoever wrote it. A builder, a disk's name or a text of a profile
// could otherwise write to the clipboard (OSC 52), change the title, hide lines,
// or show text in another order than it is in.
package term

import (
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// sequence matches a control sequence (ECMA-48, 5.4 and 5.6): CSI, then the
// strings OSC, DCS, SOS, PM and APC with what they hold, then the short ones.
var sequence = lazyregexp.New(`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]|` +
	`(?:\x1b[\]PX^_]|[\x{9d}\x{90}\x{98}\x{9e}\x{9f}])[^\x07\x1b\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})|` +
	`\x1b[ -/]*[0-~]?`)

// ours matches the sequences of our own: colours (SGR), and for the live region
// going up and clearing what is below.
var ours = lazyregexp.New(`\x1b\[(?:[0-9;]*m|[0-9]{1,4}A|J)`)

// Strip is s without control sequences.
func Strip(s string) string {
	// All begin with one of two bytes: ESC, or the first one of U+0080 to U+009F in UTF-8.
	if strings.IndexByte(s, '\x1b') < 0 && strings.IndexByte(s, '\xc2') < 0 {
		return s
	}
	s = withoutColours(s) // nearly all sequences, many times as fast as the pattern
	if !strings.ContainsAny(s, "\x1b\u009b\u009d\u0090\u0098\u009e\u009f") {
		return s
	}
	return sequence.ReplaceAllString(s, "")
}

// withoutColours is s without CSI sequences that have plain parameters only.
func withoutColours(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "\x1b[")
		if !ok && b.Len() == 0 {
			return s
		}
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '?' })
		if end < 0 || rest[end] < '@' || rest[end] > '~' {
			b.WriteString("\x1b[")
			s = rest
			continue
		}
		s = rest[end+1:]
	}
}

// Clean is s as it may be shown: without control sequences, and with U+FFFD for
// what else would not show as itself. Line ends and tabs stay.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.Map(func(r rune) rune { // a byte that is not UTF-8 comes and goes as RuneError
		if r != '\n' && r != '\t' && Hidden(r) {
			return utf8.RuneError
		}
		return r
	}, Strip(strings.ReplaceAll(s, "\r\n", "\n")))
}

// isPlain reports whether s has nothing but ASCII that shows as itself, as nearly all that programs print.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// Line is Clean of what has to be one line.
func Line(s string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(Clean(s))
}

// Hidden reports whether r does not show as itself.
func Hidden(r rune) bool { return profile.Hidden(r) }

// The looks of a text, as SGR (ECMA-48, 8.3.117) has them.
const (
	Bold   = "1"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
	Cyan   = "36"
)

// Paint gives a text a look, if the stream takes colours. A look "" is as it comes.
func Paint(colours bool, look, text string) string {
	if !colours || look == "" {
		return text
	}
	return "\x1b[" + look + "m" + text + "\x1b[0m"
}

// Gate is a stream that people read. What is written to it is cleaned.
type Gate struct {
	w io.Writer

	mu   sync.Mutex
	rest []byte // the beginning of a character whose end is not written yet
}

// New is the gate before w.
func New(w io.Writer) *Gate {
	if g, ok := w.(*Gate); ok {
		return g
	}
	return &Gate{w: w}
}

// Write writes p, cleaned.
func (g *Gate) Write(p []byte) (int, error) { return g.write(p, Clean) }

// Styled is the gate for printers of our own that use colours and redraw lines.
// They clean what they show of others themselves; all other sequences stop here.
func (g *Gate) Styled() io.Writer { return styled{g} }

// Raw is the stream behind the gate, for a full-screen form.
func (g *Gate) Raw() io.Writer { return g.w }

type styled struct{ g *Gate }

func (s styled) Write(p []byte) (int, error) { return s.g.write(p, cleanStyled) }

// cleanStyled is Clean that keeps the sequences of our own.
func cleanStyled(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range ours.FindAllStringIndex(s, -1) {
		b.WriteString(Clean(s[at:m[0]]) + s[m[0]:m[1]])
		at = m[1]
	}
	return b.String() + Clean(s[at:])
}

func (g *Gate) write(p []byte, clean func(string) string) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	text := append(g.rest, p...)
	// A character may come in two writes.
	cut := len(text)
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if c := text[len(text)-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(text[len(text)-back:]) {
				cut = len(text) - back
			}
			break
		}
	}
	g.rest = append([]byte(nil), text[cut:]...)
	if _, err := io.WriteString(g.w, clean(string(text[:cut]))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// JSON is a writer of JSON to w in which the characters that JSON leaves as
// they are and that would not show as themselves are escaped (RFC 8259,
// section 7): the data stays the same.
func JSON(w io.Writer) io.Writer { return escaper{w} }

type escaper struct{ w io.Writer }

func (e escaper) Write(p []byte) (int, error) {
	if _, err := e.w.Write(EscapeJSON(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// EscapeJSON is whole JSON with those characters escaped.
func EscapeJSON(p []byte) []byte {
	const hex = "0123456789abcdef"
	text := string(p)
	if strings.IndexFunc(text, func(r rune) bool { return r >= 0x7F && Hidden(r) }) < 0 {
		return p
	}
	var b strings.Builder
	for _, r := range text {
		if r < 0x7F || !Hidden(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(`\u`)
		for shift := 12; shift >= 0; shift -= 4 {
			b.WriteByte(hex[r>>shift&0xF])
		}
	}
	return []byte(b.String())
}

// file is the file that stream is, or that a gate is before; nil for none.
func file(stream any) *os.File {
	if g, ok := stream.(*Gate); ok {
		stream = g.w
	}
	f, _ := stream.(*os.File)
	return f
}

// Is reports whether a stream is a terminal.
func Is(stream any) bool {
	f := file(stream)
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// Size is the size of a terminal in characters, and what is given for any other stream.
func Size(stream any, width, height int) (int, int) {
	if f := file(stream); f != nil {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return width, height
}
