package nix

import (
	"fmt"
	"strings"
)

// comment writes comment lines. A comment ends at the first line break of any
// kind, so those are the lines; other control characters become spaces.
func (p *printer) comment(s string) {
	if s == "" {
		return
	}
	if err := checkText(s); err != nil {
		p.fail(fmt.Errorf("comment: %w", err))
		return
	}
	for line := range strings.SplitSeq(strings.TrimRight(lineEnds.Replace(s), " \t\n"), "\n") {
		line = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, line)
		p.text(strings.TrimRight("# "+line, " "))
		p.newline(p.indent)
	}
}

// lineEnds are the line breaks that editors or Nix see as such.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n")
