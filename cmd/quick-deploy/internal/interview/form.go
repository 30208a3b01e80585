package interview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/huh/v2"
	"charm.land/lipgloss/v2"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// form asks the questions on a terminal, with the preview beside or below them.
func (s *Session) form(ctx context.Context, d *draft, questions []question) error {
	var groups []*huh.Group
	for _, q := range questions {
		g := huh.NewGroup(q.fields...)
		if q.hide != nil {
			g.WithHideFunc(q.hide)
		}
		groups = append(groups, g)
	}
	l := &layout{text: func() string { return s.Preview(d.answers()) }, size: s.Size}
	f := huh.NewForm(groups...).WithLayout(l)
	w, h := s.Size()
	if w < wide && h >= tall {
		// Without this every question is as high as the highest, and none leaves room for the preview.
		f = f.WithHeight(h * 3 / 5)
	}
	for _, g := range groups {
		// What is drawn before the terminal has told its size.
		g.WithWidth(l.GroupWidth(f, g, w))
	}
	if err := run(ctx, s.In, s.Out, f); err != nil {
		return err
	}
	return d.decided()
}

// run runs a form. Escape and ctrl-c leave it, except that escape ends a search first.
func run(ctx context.Context, in io.Reader, out io.Writer, form *huh.Form) error {
	keys := huh.NewDefaultKeyMap()
	keys.Quit = key.NewBinding(key.WithKeys("ctrl+c"))
	// Escape leaves; what it does in a list that was searched is for another key.
	keys.MultiSelect.ClearFilter = key.NewBinding(
		key.WithKeys("backspace"), key.WithHelp("backspace", "show all"), key.WithDisabled())
	keys.Select.ClearFilter = keys.MultiSelect.ClearFilter
	leave := func(_ tea.Model, msg tea.Msg) tea.Msg {
		if k, ok := msg.(tea.KeyPressMsg); !ok || k.Code != tea.KeyEscape {
			return msg
		}
		if f, ok := form.GetFocusedField().(interface{ GetFiltering() bool }); ok && f.GetFiltering() {
			return msg
		}
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	}
	// The colours of the terminal's own palette: readable on light and on dark.
	form = form.WithTheme(huh.ThemeFunc(huh.ThemeBase16)).WithKeyMap(keys).WithProgramOptions(
		// A signal cancels ctx already; a second handler would wait for a program that is gone.
		tea.WithInput(in), tea.WithOutput(out), tea.WithFilter(leave), tea.WithoutSignalHandler())
	err := form.RunWithContext(ctx)
	switch {
	case errors.Is(err, huh.ErrUserAborted), ctx.Err() != nil, err == nil && form.State != huh.StateCompleted:
		return errInterrupted()
	case err != nil:
		return fmt.Errorf("ask on the terminal: %w", err)
	}
	return nil
}

func errInterrupted() error { return fault.New(fault.Interrupted, "interrupted; nothing was written") }

// wide is from how many columns on the preview stands beside the questions.
const wide = 100

// tall is from how many lines on there is room for a preview below the questions.
const tall = 20

// layout shows a group and the preview. It implements huh.Layout.
type layout struct {
	text func() string
	size func() (width, height int)
	last []string // the preview shown before
	from int      // first line of it that is shown
}

// GroupWidth implements huh.Layout.
func (l *layout) GroupWidth(_ *huh.Form, _ *huh.Group, w int) int {
	if w >= wide {
		return w / 2
	}
	return w
}

// View implements huh.Layout.
func (l *layout) View(f *huh.Form) string {
	group := huh.LayoutDefault.View(f)
	w, h := l.size()
	if w >= wide {
		left := lipgloss.NewStyle().Width(w / 2).Render(group)
		return lipgloss.JoinHorizontal(lipgloss.Top, left, l.preview(w-w/2, h-1))
	}
	if left := h - lipgloss.Height(group) - 1; left > 3 {
		return group + "\n" + l.preview(w, left)
	}
	return group
}

// preview is a window of at most h lines on the text, in which the line that changed last can be seen.
func (l *layout) preview(w, h int) string {
	lines := strings.Split(strings.TrimRight(l.text(), "\n"), "\n")
	room := max(h-2, 1) // without the frame
	for i, line := range lines {
		if i >= len(l.last) || l.last[i] != line {
			if l.last != nil && (i < l.from || i >= l.from+room-1) {
				l.from = i - room/3
			}
			break
		}
	}
	l.last = lines
	l.from = max(min(l.from, len(lines)-room), 0)
	shown := slices.Clone(lines[l.from:min(l.from+room, len(lines))])
	// A line that wraps would push others out.
	cut := lipgloss.NewStyle().MaxWidth(max(w-4, 1))
	for i, line := range shown {
		shown[i] = cut.Render(line)
	}
	frame := lipgloss.NewStyle().Border(lipgloss.RoundedBorder()).BorderForeground(lipgloss.Color("8")).Padding(0, 1)
	return frame.Render(strings.Join(shown, "\n"))
}
