// Package progress follows Nix at work and shows it.
//
// Nix' "--log-format internal-json" is undocumented (NixOS/nix #7853, #13935):
// it is read leniently. A line that is not understood is shown as it is, a
// counter may shrink, an activity may end that never began.
package progress

import (
	"encoding/json"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// prefix starts every line of the format; other lines come from programs in between.
const prefix = "@nix "

// Message is one line of the internal-json format.
type Message struct {
	Action string            `json:"action"` // start, stop, result, msg, setPhase
	ID     uint64            `json:"id"`
	Parent uint64            `json:"parent"`
	Level  int               `json:"level"` // 0 error, 1 warning, 2 notice, 3 info, 4 talkative, …
	Type   int               `json:"type"`
	Text   string            `json:"text"`
	Msg    string            `json:"msg"`
	RawMsg string            `json:"raw_msg"`
	File   string            `json:"file"`
	Line   int               `json:"line"`
	Fields []json.RawMessage `json:"fields"`
}

// Types of activities and of results, from Nix' src/libutil/logging.hh.
const (
	actCopyPath   = 100
	actTransfer   = 101
	actCopyPaths  = 103
	actBuilds     = 104
	actBuild      = 105
	actSubstitute = 108
	actQueryInfo  = 109
	actFetchTree  = 112

	resBuildLog  = 101
	resPhase     = 104
	resProgress  = 105
	resExpected  = 106
	resPostBuild = 107
)

// Parse reads one line; ok is false for a line of another program and for one that cannot be read.
func Parse(line string) (m Message, ok bool) {
	raw, ok := strings.CutPrefix(strings.TrimSpace(line), prefix)
	if !ok {
		return m, false
	}
	if err := json.Unmarshal([]byte(raw), &m); err != nil || m.Action == "" {
		return m, false
	}
	return m, true
}

func (m Message) str(i int) string {
	if i >= len(m.Fields) {
		return ""
	}
	var s string
	if json.Unmarshal(m.Fields[i], &s) != nil {
		return ""
	}
	return s
}

func (m Message) num(i int) int64 {
	if i >= len(m.Fields) {
		return 0
	}
	var n float64 // some counters come as floats
	if json.Unmarshal(m.Fields[i], &n) != nil {
		return 0
	}
	return int64(n)
}

// StripColours removes terminal control sequences.
func StripColours(s string) string { return term.Strip(s) }

// Plain is what of a whole log a person would have seen: messages and build
// logs as text, other programs' lines as they are.
func Plain(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		text, show := PlainLine(strings.TrimRight(line, "\r\n"))
		if !show {
			continue
		}
		b.WriteString(text)
		b.WriteByte('\n')
	}
	return b.String()
}

// PlainLine is one line of a log as text; show is false for pure bookkeeping.
func PlainLine(line string) (text string, show bool) {
	m, ok := Parse(line)
	switch {
	case !ok && strings.HasPrefix(strings.TrimSpace(line), prefix):
		return "", false
	case !ok:
		return line, true
	case m.Action == "msg":
		if m.RawMsg != "" && m.Msg == "" {
			return StripColours(m.RawMsg), true
		}
		return StripColours(m.Msg), true
	case m.Action == "result" && (m.Type == resBuildLog || m.Type == resPostBuild):
		return "> " + StripColours(m.str(0)), true
	}
	return "", false
}
