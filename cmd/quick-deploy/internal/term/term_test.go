package term

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile are texts that do something to a terminal.
var hostile = []string{
	"\x1b]52;c;ZXZpbA==\a", "\x1b]52;c;ZXZpbA==\x1b\\", "\x1b]0;title\a", "\x1b]8;;http://x\a link \x1b]8;;\a", "\x1b[2J", "\x1b[1A", "\x1b[31m", "\x1b[?1049h",
	"\x1bP1$r\x1b\\", "\x1b_apc\x1b\\", "\x1bc", "\x1b7", "\x1b(0", "\u009b31m", "\u009d52;c;eA==\u009c", "\x9b31m", "\xff\xfe", "\a\b\x7f\x00", "a\rb",
	"\u202eabc\u202c", "\u2066x\u2069", "\u200fx", "\u2028", "\u2029", "\ufeff", "\x1b", "\x1b[", "\x1b]52;c;x", "\x1b\x1b[31mx", "\x1b[31\x1b[0mm",
}

func shows(t *testing.T, what, s string) {
	t.Helper()
	for _, r := range s {
		if r != '\n' && r != '\t' && Hidden(r) {
			t.Errorf("%s lets U+%04X pass: %q", what, r, s)
			return
		}
	}
	if !utf8.ValidString(s) {
		t.Errorf("%s: %q", what, s)
	}
}

func TestClean(t *testing.T) {
	for _, s := range hostile {
		shows(t, "Clean", Clean("a"+s+"b"))
		if got := Clean("Größe 漢字\tx\n" + s); !strings.HasPrefix(got, "Größe 漢字\tx\n") {
			t.Errorf("%q became %q", s, got)
		}
	}
	if got := Clean("\x1b]52;c;ZXZpbA==\adone\x1b[31m red\x1b[0m\r\n"); got != "done red\n" {
		t.Errorf("%q", got)
	}
	if got := Line("a\nb\tc"); got != "a b c" {
		t.Errorf("%q", got)
	}
}

// However a hostile text is cut into writes, nothing of it reaches the terminal.
func TestGate(t *testing.T) {
	for _, s := range hostile {
		for cut := range len(s) + 1 {
			var out bytes.Buffer
			g := New(&out)
			for _, part := range []string{"ü" + s[:cut], s[cut:] + "漢"} {
				if n, err := g.Write([]byte(part)); n != len(part) || err != nil {
					t.Fatal(n, err)
				}
			}
			shows(t, "Gate", out.String())
			if strings.HasSuffix(s, "[") {
				continue // what follows ends the sequence
			}
			if !strings.HasPrefix(out.String(), "ü") || !strings.HasSuffix(out.String(), "漢") {
				t.Errorf("%q became %q", s, out.String())
			}
		}
	}
}

// A character in two writes stays one.
func TestGateKeepsCharacters(t *testing.T) {
	var out bytes.Buffer
	g := New(&out)
	for _, b := range []byte("Größe 漢字 👍\n") {
		if _, err := g.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != "Größe 漢字 👍\n" {
		t.Errorf("%q", out.String())
	}
}

// Our own printers may colour and redraw, and nothing else.
func TestStyled(t *testing.T) {
	var out bytes.Buffer
	w := New(&out).Styled()
	if _, err := w.Write([]byte("\x1b[1;31mred\x1b[0m\x1b[3A\x1b[J\x1b]52;c;x\a\x1b[2K\x1b[99999Ax")); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "\x1b[1;31mred\x1b[0m\x1b[3A\x1b[Jx"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestEscapeJSON(t *testing.T) {
	for _, s := range hostile {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got, want string
		escaped := EscapeJSON(data)
		shows(t, "EscapeJSON", string(escaped))
		if err := json.Unmarshal(escaped, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &want); err != nil || got != want {
			t.Errorf("%q became %q, %v", want, got, err)
		}
	}
}

func FuzzGate(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, 1)
	}
	f.Fuzz(func(t *testing.T, s string, cut int) {
		if cut < 0 || cut > len(s) {
			return
		}
		var out, own bytes.Buffer
		for _, part := range []string{s[:cut], s[cut:]} {
			_, err1 := New(&out).Write([]byte(part))
			_, err2 := New(&own).Styled().Write([]byte(part))
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
		}
		shows(t, "Gate", out.String())
		shows(t, "Styled", ours.ReplaceAllString(own.String(), ""))
	})
}
