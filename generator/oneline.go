package generator

import (
	"fmt"
	"slices"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// oneLine refuses texts and keys of the catalogue that are more than one line
// or hold characters that do not show. They end in files of other formats, in
// which a line that was smuggled in is a setting: unit files (systemd.syntax(7)),
// sshd_config, ini files. A text of several lines is marked x-lines in the schema.
func oneLine(seen *sync.Map, root *profile.Node, s *schema.Node) profile.Problems {
	c := lineChecker{seen: seen}
	c.walk(root, s, "")
	return c.problems
}

type lineChecker struct {
	seen     *sync.Map // of *profile.Node: what hosts inherit
	problems profile.Problems
}

func (c *lineChecker) walk(n *profile.Node, s *schema.Node, key string) {
	if n == nil || s == nil {
		return
	}
	if n.Shared() {
		if _, seen := c.seen.LoadOrStore(n, true); seen {
			return
		}
	}
	switch n.Kind {
	case profile.String:
		if slices.Contains(s.Types, "string") {
			c.text(n, n.Str(), key, s.Lines)
		}
	case profile.List:
		for _, item := range n.Items {
			c.walk(item, s.Items, "an entry of "+key)
		}
	case profile.Map:
		for _, f := range n.Fields {
			inside := s.Property(f.Key)
			if inside == nil && s.Additional != nil {
				inside = s.Additional
				c.text(f.Value, f.Key, "a key of "+key, false)
			}
			c.walk(f.Value, inside, f.Key)
		}
	}
}

func (c *lineChecker) text(n *profile.Node, text, name string, lines bool) {
	for _, r := range text {
		if !profile.Hidden(r) || lines && (r == '\n' || r == '\t') {
			continue
		}
		p := profile.Problem{
			Pos: n.Pos, Path: n.Path(), Code: profile.CodeFormat,
			What: fmt.Sprintf("%s has the character U+%04X", printable(name), r),
			Why:  "it is one line of characters that show",
		}
		if lines {
			p.Why = "it is text of characters that show"
		}
		if r == '\n' {
			p.What, p.Hint = printable(name)+" has more than one line", "write it on one line, without | or >"
		}
		c.problems = append(c.problems, p)
		return
	}
}

func printable(s string) string {
	if i := slices.IndexFunc([]rune(s), profile.Hidden); i >= 0 {
		return fmt.Sprintf("%q", s)
	}
	return s
}
