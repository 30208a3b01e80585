package interview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/charmbracelet/x/ansi"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Preview is what answers lead to: the profile, and what the host is in Nix.
type Preview struct{ Profile, Nix File }

// File is the text of a file.
type File struct{ Name, Text string }

// row is a line of a file, and what the last change did to it: '+', '-' or nothing.
type row struct {
	mark byte
	text string
}

// draw draws the preview in at most h rows of w columns.
func (l *layout) draw(w, h int) string {
	l.page = max(h-2, 1)
	profile := changed(l.base.Profile.Text, l.now.Profile.Text)
	nix := changed(l.base.Nix.Text, l.now.Nix.Text)
	if l.offset > 0 {
		all := append(heading(l.now.Profile.Name, w), show(profile, w)...)
		all = append(append(all, heading(l.now.Nix.Name, w)...), show(nix, w)...)
		l.offset = max(min(l.offset, len(all)-h), 0)
		return strings.Join(all[l.offset:min(l.offset+h, len(all))], "\n")
	}
	room := h - 2 // without the headings
	first := min(len(profile), max(share(profile, nix, room), room-len(nix)))
	nix = fit(nix, room-first)
	out := append(heading(l.now.Profile.Name, w), show(fit(profile, room-len(nix)), w)...)
	out = append(append(out, heading(l.now.Nix.Name, w)...), show(nix, w)...)
	return strings.Join(out, "\n")
}

// share is how much of the room the first of two files gets where not all of both can be shown: what did not
// change makes way.
func share(first, second []row, room int) int {
	const least = 2
	switch a, b := near(first, 0) != nil, near(second, 0) != nil; {
	case a && !b:
		return room - least
	case b && !a:
		return least
	}
	return room / 2
}

// heading is a line with the name of a file.
func heading(name string, w int) []string {
	line := ansi.Truncate("── "+name+" "+strings.Repeat("─", w), max(w-1, 1), "")
	return []string{term.Paint(true, dim, line)}
}

// changed are the lines of a text, with those that another one had in their place.
func changed(before, after string) []row {
	var out []row
	add := func(mark byte, text string) {
		for line := range strings.Lines(text) {
			out = append(out, row{mark, strings.TrimRight(line, "\n")})
		}
	}
	at := 0
	for _, e := range udiff.Lines(before, after) {
		add(' ', before[at:e.Start])
		add('-', before[e.Start:e.End])
		add('+', e.New)
		at = e.End
	}
	add(' ', before[at:])
	return out
}

// fit is what there is room for: everything, else what changed with as many lines around it as fit, else
// where it begins. Rows that are left out become one with a ⋮.
func fit(rows []row, room int) []row {
	if len(rows) <= room {
		return rows
	}
	for around := room; around >= 0; around-- {
		if out := near(rows, around); len(out) > 0 && len(out) <= room {
			return out
		}
	}
	// What was there before, and that something is left out, is told last.
	out := slices.DeleteFunc(near(rows, 0), func(r row) bool { return r.mark != '+' })
	if len(out) == 0 {
		out = rows
	}
	if len(out) <= room || room <= 1 {
		return out[:min(max(room, 0), len(out))]
	}
	return append(out[:room-1:room-1], row{' ', fmt.Sprintf("⋮ %d more", len(out)-room+1)})
}

// near are the rows that changed and those around them.
func near(rows []row, around int) []row {
	keep := make([]bool, len(rows))
	some := false
	for i, r := range rows {
		if r.mark == ' ' {
			continue
		}
		some = true
		for j := max(i-around, 0); j <= min(i+around, len(rows)-1); j++ {
			keep[j] = true
		}
	}
	if !some {
		return nil
	}
	var out []row
	for i, r := range rows {
		switch {
		case keep[i]:
			out = append(out, r)
		case i == 0 || keep[i-1]:
			out = append(out, row{' ', "⋮"})
		}
	}
	return out
}

// show gives the rows their colours, and cuts what is too wide: a line that wraps would push others out.
func show(rows []row, w int) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		text := ansi.Truncate(r.text, max(w-3, 1), "…")
		switch r.mark {
		case '+':
			out[i] = term.Paint(true, term.Green, "+ ") + coloured(text)
		case '-':
			out[i] = term.Paint(true, term.Red, "- "+text)
		default:
			out[i] = "  " + coloured(text)
		}
	}
	return out
}

// dim is grey: SGR's bright black.
const dim = "90"

// token matches what YAML and Nix have in common: comments, strings, and the name that a line begins with.
var token = lazyregexp.New(`(^|\s)#.*$|"(?:[^"\\]|\\.)*"|^[\s-]*[A-Za-z_][A-Za-z0-9_."'+-]*(?::|\s*=)`)

// coloured is a line of YAML or Nix in colours.
func coloured(line string) string {
	return token.ReplaceAllStringFunc(line, func(s string) string {
		switch {
		case strings.HasPrefix(strings.TrimSpace(s), "#"):
			return term.Paint(true, dim, s)
		case strings.HasPrefix(s, `"`):
			return term.Paint(true, term.Green, s)
		}
		return term.Paint(true, term.Cyan, s)
	})
}
