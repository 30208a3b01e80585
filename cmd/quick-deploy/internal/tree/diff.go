package tree

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Diff writes the plan as unified diffs, from what is on disk to what is
// wanted, in the order of the paths. A hand edit shows as what would be lost
// by forcing the wanted content on it, below a line that says so.
func Diff(c Changes, w io.Writer, color bool) error {
	out := bufio.NewWriter(w)
	for _, f := range c.Files {
		from, to := "a/"+f.Path, "b/"+f.Path
		switch f.Action {
		case Unchanged, Kept:
			continue
		case Create:
			from = "/dev/null"
		case Remove:
			to = "/dev/null"
		case Conflict:
			note(out, color, f.Path, "edited by hand; kept unless forced. Forcing would make this change:")
		case Foreign:
			note(out, color, f.Path, "not written by quick-deploy; kept unless forced. Forcing would make this change:")
		case Released:
			note(out, color, f.Path,
				"edited by hand and no longer used: it stays until you move or remove it")
			continue
		}
		paint(out, color, udiff.Unified(from, to, string(f.Old), string(f.New)))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the diff: %w", err)
	}
	return nil
}

func note(w io.Writer, color bool, path, text string) {
	line(w, color, term.Yellow, fmt.Sprintf("# %s: %s", path, text))
}

func paint(w io.Writer, color bool, diff string) {
	i := 0
	for s := range strings.Lines(diff) {
		code := ""
		switch {
		case i < 2:
			code = term.Bold // the two file names; a line of a hunk may look the same
		case strings.HasPrefix(s, "@@"):
			code = term.Cyan
		case strings.HasPrefix(s, "+"):
			code = term.Green
		case strings.HasPrefix(s, "-"):
			code = term.Red
		}
		line(w, color, code, strings.TrimSuffix(s, "\n"))
		i++
	}
}

func line(w io.Writer, color bool, code, s string) {
	fmt.Fprintln(w, term.Paint(color, code, visible(s)))
}

// visible makes control characters of a file harmless for the terminal.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return r
		case r < 0x20 || r == 0x7f:
			return 0x2400 + r%0x5f // the control pictures ␀…␟ and ␠ for DEL
		case term.Hidden(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// lines counts the lines that the change adds and removes.
func (c Change) lines() (added, removed int) {
	i := 0
	for s := range strings.Lines(udiff.Unified("a", "b", string(c.Old), string(c.New))) {
		switch {
		case i < 2: // the two file names
		case strings.HasPrefix(s, "+"):
			added++
		case strings.HasPrefix(s, "-"):
			removed++
		}
		i++
	}
	return added, removed
}
