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
	Text string `json:"text"`
}

// NoticesOf are the notices of a flake.
func NoticesOf(t *generator.Tree) []Notice {
	out := []Notice{}
	for _, n := range t.Notices {
		out = append(out, Notice{Host: n.Host, File: n.Pos.File, Line: n.Pos.Line, Text: n.Text})
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
	for _, n := range notices {
		if byText[n.Text] == nil {
			texts = append(texts, n.Text)
		}
		byText[n.Text] = append(byText[n.Text], n)
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
