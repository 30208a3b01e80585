package play

import (
	"bytes"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/quick-deploy/quick-deploy/generator/profile"
)

func (s *state) all() map[string]*file {
	if s == nil {
		return nil
	}
	return s.files
}

// again are the files of a state that was told of already.
func (s *state) again() []*file {
	out := make([]*file, len(s.answer.Files))
	for i, f := range s.answer.Files {
		told := *f
		told.Text = nil
		out[i] = &told
	}
	return out
}

// compare says how f differs from what the state has under its path.
func (s *state) compare(f *file) {
	text := string(f.data)
	was := s.all()[f.Path]
	switch {
	case was == nil:
		f.Status, f.Text = isNew, &text
	case bytes.Equal(was.data, f.data):
		f.Status = same
	default:
		f.Status, f.Text, f.Changed = changed, &text, changedLines(string(was.data), text)
	}
}

// changedLines are the lines of after, from 1, that before does not have there.
func changedLines(before, after string) []int {
	lines := []int{}
	moved := 0 // by how many bytes what follows an edit is further on in after
	for _, e := range udiff.Lines(before, after) {
		first := 1 + strings.Count(after[:e.Start+moved], "\n")
		for range strings.Lines(e.New) {
			lines = append(lines, first)
			first++
		}
		moved += len(e.New) - (e.End - e.Start)
	}
	return lines
}

// lines are the lines that nodes are in, by what the nodes are called in generated files.
type lines map[string]*place

// linesOf are those of a profile and all that it extends. A value is where its key is.
func linesOf(p *profile.Profile) lines {
	out := lines{}
	out.below(p.Root)
	for _, h := range p.Hosts {
		out.below(h.Node())
		out.add(h.Node(), h.Pos)
	}
	return out
}

func (l lines) below(n *profile.Node) {
	if n == nil {
		return
	}
	for _, f := range n.Fields {
		if f.KeyPos.File == f.Value.Pos.File {
			l.add(f.Value, f.KeyPos)
		}
		l.add(f.Value, f.Value.Pos)
		l.below(f.Value)
	}
	for _, item := range n.Items {
		l.add(item, item.Pos)
		l.below(item)
	}
}

func (l lines) add(n *profile.Node, pos profile.Pos) {
	if name := n.Origin(); l[name] == nil && pos.IsValid() {
		where := at(pos)
		l[name] = &where
	}
}

// of are the places that generated lines come from.
func (l lines) of(origins []string) []*place {
	var out []*place
	for i, name := range origins {
		where := l[name]
		if where == nil {
			continue
		}
		if out == nil {
			out = make([]*place, len(origins))
		}
		out[i] = where
	}
	return out
}
