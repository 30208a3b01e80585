package console

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

func TestAgreed(t *testing.T) {
	for name, c := range map[string]struct {
		terminal Terminal
		typed    string
		code     fault.Code
		asked    bool
	}{
		"yes":            {Terminal{Asks: true}, "y\n", fault.OK, true},
		"no":             {Terminal{Asks: true}, "\n", fault.Pending, true},
		"no terminal":    {Terminal{}, "y\n", fault.Usage, false},
		"answered ahead": {Terminal{Yes: true}, "", fault.OK, false},
	} {
		var talk bytes.Buffer
		x := New(strings.NewReader(c.typed), io.Discard, &talk)
		x.Asks, x.Yes = c.terminal.Asks, c.terminal.Yes
		err := x.Agreed(t.Context(), "replace 1 file?", []string{"/etc/hosts"})
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if asked := talk.String() == "/etc/hosts\nreplace 1 file? [y/N] "; asked != c.asked {
			t.Errorf("%s: it says %q", name, talk.String())
		}
	}
}

// What stands behind an answer is for whoever reads next.
func TestAskReadsOneLine(t *testing.T) {
	in := strings.NewReader(" atlas \nrest")
	x := New(in, io.Discard, io.Discard)
	if got, err := x.Ask(t.Context(), "name: "); got != "atlas" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if rest, err := io.ReadAll(in); string(rest) != "rest" || err != nil {
		t.Errorf("left: %q, %v", rest, err)
	}
}

func TestPrint(t *testing.T) {
	data := []map[string]string{{"name": "a"}}
	table := func(w io.Writer) { fmt.Fprint(w, "NAME\tPORT\nlonger\t1\na\t2\n") }
	for asJSON, want := range map[bool]string{
		true:  "[\n  {\n    \"name\": \"a\"\n  }\n]\n",
		false: "NAME    PORT\nlonger  1\na       2\n",
	} {
		var out bytes.Buffer
		x := New(strings.NewReader(""), &out, io.Discard)
		x.JSON = asJSON
		if err := x.Print(data, table); err != nil || out.String() != want {
			t.Errorf("JSON %t: %q, %v", asJSON, out.String(), err)
		}
	}
}
