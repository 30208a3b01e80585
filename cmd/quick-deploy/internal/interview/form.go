package interview

import (
	"context"
	"errors"
	"fmt"
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
	l := &layout{draft: d}
	var groups []*huh.Group
	for _, q := range questions {
		g := huh.NewGroup(q.field()).WithShowErrors(false)
		if q.hide != nil {
			g.WithHideFunc(q.hide)
		}
		groups = append(groups, g)
	}
	f := huh.NewForm(groups...).WithLayout(l)
	// What is drawn before the terminal has told its size.
	l.resize()
	w, _ := s.Size()
	for _, g := range groups {
		g.WithWidth(l.GroupWidth(f, g, w))
	}
	if err := s.run(ctx, l, f); err != nil {
		return err
	}
	return d.decided()
}

// run runs a form. Escape and ctrl-c leave it, except that escape ends a search first.
func (s *Session) run(ctx context.Context, l *layout, form *huh.Form) error {
	watch := func(_ tea.Model, msg tea.Msg) tea.Msg {
		switch msg := msg.(type) {
		case tea.WindowSizeMsg:
			l.resize()
		case tea.KeyPressMsg:
			if l.scrolled(msg.Code) {
				return tea.FocusMsg{} // no field's key, but it draws
			}
			f, ok := form.GetFocusedField().(interface{ GetFiltering() bool })
			if msg.Code == tea.KeyEscape && !(ok && f.GetFiltering()) {
				return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
			}
		}
		return msg
	}
	// The colours of the terminal's own palette: readable on light and on dark.
	form = form.WithTheme(huh.ThemeFunc(huh.ThemeBase16)).WithKeyMap(keys()).WithProgramOptions(
		// A signal cancels ctx already; a second handler would wait for a program that is gone.
		tea.WithInput(s.In), tea.WithOutput(s.Out), tea.WithFilter(watch), tea.WithoutSignalHandler())
	form = form.WithViewHook(func(v tea.View) tea.View {
		v.AltScreen = true // a terminal that changes its size leaves nothing behind there
		return v
	})
	err := form.RunWithContext(ctx)
	switch {
	case errors.Is(err, huh.ErrUserAborted), ctx.Err() != nil, err == nil && form.State != huh.StateCompleted:
		return errInterrupted()
	case err != nil:
		return fmt.Errorf("ask on the terminal: %w", err)
	}
	return nil
}

// keys are the keys of the form and what the line of help says about them; a key without words is not shown.
func keys() *huh.KeyMap {
	k := huh.NewDefaultKeyMap()
	k.Quit = key.NewBinding(key.WithKeys("ctrl+c"))
	// Escape leaves; what it does in a list that was searched is for another key.
	k.MultiSelect.ClearFilter = key.NewBinding(
		key.WithKeys("backspace"), key.WithHelp("backspace", "show all"), key.WithDisabled())
	k.Select.ClearFilter = k.MultiSelect.ClearFilter
	k.MultiSelect.Toggle.SetHelp("x", "choose")
	for _, up := range []*key.Binding{&k.Select.Up, &k.MultiSelect.Up} {
		up.SetHelp("↑↓", "move")
	}
	for _, b := range []*key.Binding{&k.Select.Filter, &k.MultiSelect.Filter} {
		b.SetHelp("/", "search")
	}
	for _, next := range []*key.Binding{&k.Select.Next, &k.Select.Submit, &k.MultiSelect.Next, &k.MultiSelect.Submit} {
		next.SetHelp("enter", "next")
	}
	for _, silent := range []*key.Binding{
		&k.Select.Down, &k.MultiSelect.Down, &k.MultiSelect.SelectAll, &k.MultiSelect.SelectNone,
	} {
		silent.SetHelp("", "")
	}
	return k
}

func errInterrupted() error { return fault.New(fault.Interrupted, "interrupted; nothing was written") }

// wide is from how many columns on the preview stands beside the questions.
const wide = 100

// layout shows a question, what is wrong with its answer, the keys, and the preview. It implements huh.Layout.
type layout struct {
	draft    *draft
	question huh.Field
	// now is the preview of now, entered that of when the question was come to, and base the one that now is
	// compared with: what the last question changed that has changed anything.
	now, entered, base, before Preview
	// offset is the first row of the whole preview that is shown; 0 follows the last change.
	offset, page int
}

// GroupWidth implements huh.Layout.
func (l *layout) GroupWidth(_ *huh.Form, _ *huh.Group, w int) int {
	if w >= wide {
		return w / 2
	}
	return w
}

// resize gives lists the rows and columns that there are.
func (l *layout) resize() {
	w, h := l.draft.Size()
	rows := h - 3 // for the keys, and an error
	if w < wide {
		rows = h / 2
	}
	l.draft.resize(l.GroupWidth(nil, nil, w), max(rows, 4))
}

// scrolled tells whether a key turned the pages of the preview.
func (l *layout) scrolled(code rune) bool {
	switch code {
	case tea.KeyPgDown:
		l.offset += l.page
	case tea.KeyPgUp:
		l.offset = max(l.offset-l.page, 0)
	default:
		l.offset = 0
		return false
	}
	return true
}

// View implements huh.Layout.
func (l *layout) View(f *huh.Form) string {
	w, h := l.draft.Size()
	width := l.GroupWidth(f, nil, w)
	l.follow(f.GetFocusedField())
	parts := []string{strings.TrimRight(l.question.View(), "\n ")}
	for _, err := range f.Errors() {
		// Beside the field's own border.
		wrong := lipgloss.NewStyle().Foreground(lipgloss.Color("9")).PaddingLeft(2).Width(width)
		parts = append(parts, wrong.Render(err.Error()))
	}
	bindings := slices.DeleteFunc(f.KeyBinds(), func(b key.Binding) bool { return b.Help().Key == "" })
	bindings = append(bindings, key.NewBinding(key.WithKeys("pgdown"), key.WithHelp("pgdn", "preview")))
	parts = append(parts, f.Help().ShortHelpView(bindings))
	left := strings.Join(parts, "\n")
	if w >= wide {
		left = lipgloss.NewStyle().Width(width).Render(left)
		return lipgloss.JoinHorizontal(lipgloss.Top, left, l.draw(w-width, h))
	}
	if rows := h - lipgloss.Height(left); rows > 3 {
		return left + "\n" + l.draw(w, rows)
	}
	return left
}

// follow notes what the question has changed.
func (l *layout) follow(question huh.Field) {
	now := l.draft.Preview(l.draft.answers())
	if l.question == nil {
		l.now, l.base = now, now
	}
	if question != l.question {
		l.question, l.entered, l.before = question, l.now, l.base
	}
	l.now, l.base = now, l.before
	if now != l.entered {
		l.base = l.entered
	}
}
