package generator

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Every text of the catalogue, and every key that the user chooses, is one line
// of characters that show. Only what the schema marks has several lines.
func TestOneLine(t *testing.T) {
	root, err := schema.Root()
	if err != nil {
		t.Fatal(err)
	}
	leaves, several := 0, 0
	problems := func(yaml string) profile.Problems {
		n, err := profile.Parse("p.yaml", []byte("hosts: {a: "+yaml+"}"))
		if err != nil {
			t.Fatalf("%s: %v", yaml, err)
		}
		return oneLine(&sync.Map{}, n, root)
	}
	onPath := map[*schema.Node]bool{}
	var walk func(s *schema.Node, wrap string)
	walk = func(s *schema.Node, wrap string) {
		if s == nil || onPath[s] {
			return
		}
		onPath[s] = true
		defer delete(onPath, s)
		if slices.Contains(s.Types, "string") {
			leaves++
			for _, bad := range []string{`a\nb`, `a\x1b]52;c;eA==\a`, `a\u202eb`, `a\u0085b`, `a\u2028b`, `a\rb`, `a\x7fb`} {
				ok := len(problems(fmt.Sprintf(wrap, `"`+bad+`"`))) == 0
				if ok != (s.Lines && bad == `a\nb`) {
					t.Errorf("%s with %s: accepted: %v", wrap, bad, ok)
				}
			}
			if s.Lines {
				several++
			}
			if p := problems(fmt.Sprintf(wrap, `"Grüße, 世界 a'b"`)); len(p) > 0 {
				t.Errorf("%s: %v", wrap, p)
			}
		}
		for key, child := range s.All() {
			walk(child, strings.Replace(wrap, "%s", "{"+key+": %s}", 1))
		}
		if s.Additional != nil {
			if p := problems(fmt.Sprintf(wrap, `{"a\nb": null}`)); len(p) == 0 {
				t.Errorf("%s takes a key of two lines", wrap)
			}
			walk(s.Additional, strings.Replace(wrap, "%s", "{x: %s}", 1))
		}
		walk(s.Items, strings.Replace(wrap, "%s", "[%s]", 1))
	}
	walk(root.Property("host"), "%s")
	if leaves < 200 || several != 1 {
		t.Errorf("%d leaves, %d of several lines", leaves, several)
	}
}
