package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Notice is a notice of the generator, as JSON has it.
type Notice struct {
	Host string `json:"host,omitempty"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Column counts characters from 1.
	Column int `json:"column,omitempty"`
	// Severity is "warning" for a name that may be wrong, "note" for the rest.
	Severity string `json:"severity"`
	Text     string `json:"text"`
}

// NoticesOf are the notices of a flake.
func NoticesOf(t *generator.Tree) []Notice {
	out := []Notice{}
	for _, n := range t.Notices {
		severity := "note"
		if n.Name {
			severity = "warning"
		}
		out = append(out, Notice{n.Host, n.Pos.File, n.Pos.Line, n.Pos.Column, severity, n.Text})
	}
	return out
}

// ShowNotices tells the notices; with JSON they are part of the data.
func ShowNotices(a *App, t *generator.Tree) { tell(a, t.Notices) }

func tell(a *App, notices []generator.Notice) {
	if a.JSON {
		return
	}
	for _, line := range noticeLines(a, notices, a.ColourErr) {
		a.Say("%s", line)
	}
}

// noticeLines are the notices as lines. What is said of many hosts is one line; a notice about a name that may be
// wrong has the line that it is in, as an error has.
func noticeLines(a *App, notices []generator.Notice, colour bool) []string {
	var texts []string
	byText := map[string][]generator.Notice{}
	for _, n := range inOrder(notices) {
		// A file that is called like the host is the same for all.
		text := strings.ReplaceAll(n.Text, n.Host+".json", "HOST.json")
		if byText[text] == nil {
			texts = append(texts, text)
		}
		byText[text] = append(byText[text], n)
	}
	var lines []string
	for _, text := range texts {
		same := byText[text]
		if same[0].Name {
			for _, n := range same {
				lines = append(lines, warning(a, n, colour))
			}
			continue
		}
		var hosts []string
		for _, n := range same {
			if n.Host != "" && !slices.Contains(hosts, n.Host) {
				hosts = append(hosts, n.Host)
			}
		}
		slices.Sort(hosts)
		if len(hosts) == 1 {
			text = same[0].Text
		}
		at := same[0].Pos
		onePlace := !slices.ContainsFunc(same, func(n generator.Notice) bool { return n.Pos != at })
		where := ""
		if at.IsValid() && onePlace {
			where = at.String() + ": "
		}
		about := ""
		switch {
		case len(hosts) > 1:
			about = fmt.Sprintf("%s (%s): ", term.Count(len(hosts), "host"), listOf(hosts))
		case len(hosts) == 1 && where == "":
			about = "host " + hosts[0] + ": "
		}
		lines = append(lines, where+"note: "+about+text)
	}
	return lines
}

// inOrder has the names that may be wrong first, then what is said of a place in the profile, then the rest.
func inOrder(notices []generator.Notice) []generator.Notice {
	rank := func(n generator.Notice) int {
		switch {
		case n.Name:
			return 0
		case n.Pos.IsValid():
			return 1
		}
		return 2
	}
	return slices.SortedStableFunc(slices.Values(notices), func(a, b generator.Notice) int { return rank(a) - rank(b) })
}

// warning words a notice about a name.
func warning(a *App, n generator.Notice, colour bool) string {
	p := profile.Problems{{Pos: n.Pos, What: "warning: " + n.Text}}
	var b strings.Builder
	if p.Render(&b, a.Seen.Shown(a.Seen.Veil(p)), colour) != nil {
		return n.Pos.String() + ": warning: " + n.Text
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func listOf(hosts []string) string { return strings.Join(some(hosts), ", ") }
