// Package picker shows what is found for words while they are typed, and lets one of it be chosen.
package picker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// Item is a line of the list.
type Item struct {
	Kind, Name, About string
	// Details are lines that are shown below the list while the item is under the cursor.
	Details []string
}

// List is what was found.
type List struct {
	Items []Item
	// Note is a line about the whole.
	Note string
}

// Picker is a list on a terminal.
type Picker struct {
	In  io.Reader
	Out io.Writer
	// Find finds what there is for words.
	Find func(words string) List
	// Enter says in a word or two what the key enter does.
	Enter string
}

// Choose shows the list for words. It returns the place of what was chosen in the list that Find returned last, -1 if
// nothing was.
func (p Picker) Choose(ctx context.Context, words string) (int, error) {
	input := textinput.New()
	input.Prompt = "search: "
	input.SetValue(words)
	input.CursorEnd()
	m := &model{Picker: p, input: input, chosen: -1, width: 80, height: 24}
	m.list = p.Find(words)
	// A signal cancels ctx already; a second handler would wait for a program that is gone.
	_, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(p.In), tea.WithOutput(p.Out),
		tea.WithoutSignalHandler()).Run()
	if err != nil && !errors.Is(err, tea.ErrProgramKilled) {
		return -1, fmt.Errorf("show the list: %w", err)
	}
	return m.chosen, ctx.Err()
}

// model implements tea.Model.
type model struct {
	Picker
	input         textinput.Model
	list          List
	at            int // under the cursor
	top           int // first that is shown
	chosen        int
	width, height int
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return m.input.Focus() }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return m, nil
	case tea.KeyPressMsg:
		switch msg.String() {
		case "esc", "ctrl+c":
			return m, tea.Quit
		case "enter":
			if len(m.list.Items) == 0 {
				return m, nil
			}
			m.chosen = m.at
			return m, tea.Quit
		case "up", "ctrl+p":
			m.move(-1)
			return m, nil
		case "down", "ctrl+n":
			m.move(1)
			return m, nil
		case "pgup":
			m.move(-m.rows())
			return m, nil
		case "pgdown":
			m.move(m.rows())
			return m, nil
		}
	}
	before := m.input.Value()
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	if words := m.input.Value(); words != before {
		m.list, m.at, m.top = m.Find(words), 0, 0
	}
	return m, cmd
}

func (m *model) move(by int) { m.at = max(0, min(m.at+by, len(m.list.Items)-1)) }

// below is how many lines there are below the list: an empty one, details, a note and the keys.
const below = 6

// rows is how many items are shown.
func (m *model) rows() int { return max(1, m.height-2-below) }

// View implements tea.Model.
func (m *model) View() tea.View {
	m.input.SetWidth(max(1, m.width-len(m.input.Prompt)-1))
	lines := []string{m.input.View(), ""}
	rows := m.rows()
	m.top = max(min(m.top, m.at), m.at-rows+1)
	bottom := min(m.top+rows, len(m.list.Items))
	kinds, names := 0, 0
	for _, item := range m.list.Items[m.top:bottom] {
		kinds, names = max(kinds, len(item.Kind)), max(names, len(item.Name))
	}
	names = min(names, m.width*2/5)
	dim := lipgloss.NewStyle().Faint(true)
	for i := m.top; i < bottom; i++ {
		item := m.list.Items[i]
		mark, style := "  ", lipgloss.NewStyle()
		if i == m.at {
			mark, style = "> ", style.Bold(true).Foreground(lipgloss.Color("4"))
		}
		line := fmt.Sprintf("%s%-*s  %-*s", mark, kinds, item.Kind, names, ansi.Truncate(item.Name, names, "…"))
		about := ansi.Truncate(item.About, max(0, m.width-len(mark)-kinds-names-5), "…")
		lines = append(lines, style.Render(line)+"  "+dim.Render(about))
	}
	lines = append(lines, "")
	if bottom > 0 {
		lines = append(lines, m.list.Items[m.at].Details...)
	}
	if m.list.Note != "" {
		lines = append(lines, dim.Render(ansi.Truncate(m.list.Note, m.width, "…")))
	}
	keys := "↑ ↓ choose · enter " + m.Enter + " · esc leave"
	lines = append(lines, dim.Render(ansi.Truncate(keys, m.width, "…")))
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, m.width, "…")
	}
	v := tea.NewView(strings.Join(lines, "\n"))
	v.AltScreen = true
	return v
}
