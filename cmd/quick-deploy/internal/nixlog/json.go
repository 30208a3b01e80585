package nixlog

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Prefix starts every line of the format; other lines come from programs in between.
const Prefix = "@nix "

// Message is one line of the internal-json format. That is undocumented
// (NixOS/nix #7853, #13935) and read leniently.
type Message struct {
	Action string            `json:"action"` // start, stop, result, msg, setPhase
	ID     uint64            `json:"id"`
	Level  int               `json:"level"` // 0 error, 1 warning, 2 notice, 3 info, 4 talkative, …
	Type   int               `json:"type"`
	Text   string            `json:"text"`
	Msg    string            `json:"msg"`
	RawMsg string            `json:"raw_msg"`
	Fields []json.RawMessage `json:"fields"`
}

// Types of results that are lines of a build's log, from Nix' src/libutil/logging.hh.
const (
	BuildLog  = 101
	PostBuild = 107
)

// Line is a line of Nix or of another program, which was read.
type Line struct {
	Message
	Read bool // the message could be read

	text string
	show bool
}

// ReadLine reads a line.
func ReadLine(text string) Line {
	if id, log, ok := buildLog(text); ok {
		return Line{Message{Action: "result", ID: id, Type: BuildLog}, true, "> " + log, true}
	}
	m, ok := Parse(text)
	l := Line{Message: m, Read: ok}
	switch {
	case ok:
		l.text, l.show = m.Plain()
	case !strings.HasPrefix(strings.TrimSpace(text), Prefix):
		l.text, l.show = term.Strip(text), true
	}
	return l
}

// buildLog reads a line of a build's log as Nix writes it if nothing in it is escaped: there may be
// millions, and this is many times as fast as Parse.
func buildLog(line string) (id uint64, log string, ok bool) {
	rest, ok := strings.CutPrefix(line, Prefix+`{"action":"result","fields":["`)
	if !ok {
		return 0, "", false
	}
	end := strings.IndexByte(rest, '"')
	if end < 0 || strings.IndexByte(rest[:end], '\\') >= 0 || !utf8.ValidString(rest[:end]) {
		return 0, "", false
	}
	log = rest[:end]
	rest, ok = strings.CutPrefix(rest[end:], `"],"id":`)
	number, isLog := strings.CutSuffix(rest, `,"type":101}`)
	id, err := strconv.ParseUint(number, 10, 64)
	return id, term.Strip(log), ok && isLog && err == nil
}

// Parse reads one line; ok is false for a line of another program and for one that cannot be read.
func Parse(line string) (m Message, ok bool) {
	raw, ok := strings.CutPrefix(strings.TrimSpace(line), Prefix)
	if !ok {
		return m, false
	}
	if err := json.Unmarshal([]byte(raw), &m); err != nil || m.Action == "" {
		return m, false
	}
	return m, true
}

// Str is field i, "" if it is none or no text.
func (m Message) Str(i int) string { return field[string](m, i) }

// Num is field i, 0 if it is none or no number. Some counters come as floats.
func (m Message) Num(i int) int64 { return int64(field[float64](m, i)) }

func field[T any](m Message, i int) (v T) {
	if i >= len(m.Fields) || json.Unmarshal(m.Fields[i], &v) != nil {
		return *new(T)
	}
	return v
}

// Plain is the line as a person would have seen it: messages and build logs as text,
// other programs' lines as they are. show is false for pure bookkeeping.
func (l Line) Plain() (text string, show bool) { return l.text, l.show }

// Plain is the message as text; show is false for pure bookkeeping.
func (m Message) Plain() (text string, show bool) {
	switch {
	case m.Action == "msg":
		return term.Strip(cmp.Or(m.Msg, m.RawMsg)), true
	case m.Action == "result" && (m.Type == BuildLog || m.Type == PostBuild):
		return "> " + term.Strip(m.Str(0)), true
	}
	return "", false
}
