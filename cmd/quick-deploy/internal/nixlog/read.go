package nixlog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Bounds keep the work linear in a text that no Nix would write.
const (
	maxErrors = 500      // the last messages, and the first failed assertions in them
	maxItems  = 200      // assertions, or definitions, of one error
	maxValue  = 1 << 10  // bytes of a definition's value
	maxHead   = 16 << 10 // bytes of a message that are matched
	maxLog    = 5        // lines of a build's log
)

// Output is what Nix said.
type Output struct {
	// Text is all of it as a person would have seen it.
	Text string
	// Errors are in the order of the text. One that only says that another one stood in
	// its way is left out where that other one is there.
	Errors []Error
	// Cause is the error that decides: the last line, as one of kind Other, where there is no error.
	Cause Error
}

// Read reads what a command wrote to stderr, whether as text or as internal-json.
// Colours are ignored, and so are warnings, which tell of tries that Nix made
// itself, and what nixos-rebuild says about the command that it ran.
func Read(stderr string) Output {
	var r reader
	var all strings.Builder
	all.Grow(len(stderr))
	for line := range strings.Lines(stderr) {
		read := ReadLine(strings.TrimRight(line, "\r\n"))
		text, show := read.Plain()
		if !show {
			continue
		}
		all.WriteString(text)
		all.WriteByte('\n')
		if read.Read && read.Action == "msg" && !strings.HasPrefix(text, "error:") {
			text, _, _ = strings.Cut(text, "\n") // what follows may quote anything
		}
		for l := range strings.SplitSeq(text, "\n") {
			r.line(l)
		}
	}
	errs := r.errors()
	o := Output{Text: all.String(), Errors: errs, Cause: r.cause(errs)}
	if o.Cause.Kind == "" {
		text := strings.TrimSpace(o.Text)
		o.Cause = Error{Kind: Other, Message: text[strings.LastIndexByte(text, '\n')+1:]}
		return o
	}
	if o.Cause.Kind != DependencyFailure {
		o.Errors = slices.DeleteFunc(o.Errors, func(e Error) bool { return e.Kind == DependencyFailure })
	}
	if len(o.Errors) == 0 {
		o.Errors = []Error{o.Cause}
	}
	return o
}

// reader takes the lines of a text.
type reader struct {
	blocks []*block
	open   *block   // the one that is being read
	log    []string // the last lines of builders before the next one
	// The first lines of git, curl and ssh, on their own or in a builder's log, that tell
	// of something lasting and of something that may pass.
	lasting, passing *Error
}

// line takes a line. An error goes from an "error:" that is not indented to the
// next line that is not.
func (r *reader) line(line string) {
	if line == "" || line[0] == ' ' || line[0] == '\t' {
		if r.open != nil {
			r.open.line(line)
		}
		return
	}
	r.open = nil
	if strings.HasPrefix(line, "error:") {
		r.open = &block{log: r.log}
		r.open.cur = &r.open.message
		r.open.line(line)
		r.blocks = append(r.blocks[max(0, len(r.blocks)-maxErrors+1):], r.open)
		return
	}
	if text, ok := logLine(line); ok {
		line = text
		r.log = append(r.log[max(0, len(r.log)-maxLog+1):len(r.log):len(r.log)], text[:min(len(text), maxValue)])
	}
	r.program(line)
}

// logLine is the text of a line of a builder's log: "> text", or "name> text".
func logLine(line string) (string, bool) {
	name, text, ok := strings.Cut(line, ">")
	return strings.TrimSpace(text), ok && !strings.ContainsAny(name, " \t")
}

// program takes note of a line of a program below Nix, if it is known.
func (r *reader) program(line string) {
	e := Error{Message: line}
	switch {
	case r.lasting != nil || !e.match(known().lines):
	case !e.Kind.Temporary():
		r.lasting = &e
	case r.passing == nil:
		r.passing = &e
	}
}

// errors are what the blocks tell. What was said before is left out: nixos-rebuild
// evaluates more than once.
func (r *reader) errors() (errs []Error) {
	for _, b := range r.blocks {
		for _, e := range b.errors() {
			if e.Kind == Builder {
				for line := range strings.Lines(e.Message) {
					r.program(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), ">")))
				}
				if len(e.Detail) == 0 {
					e.Detail = b.log
				}
			}
			same := func(have Error) bool { return have.Kind == e.Kind && have.Message == e.Message }
			if len(errs) < maxErrors && !slices.ContainsFunc(errs, same) {
				errs = append(errs, e)
			}
		}
	}
	return errs
}

// cause is the error that decides: first of all what lasts of what Nix itself says, then
// what may pass of it. Only then comes what other programs said: they may have failed on the
// way to an error of another kind.
func (r *reader) cause(errs []Error) (cause Error) {
	best := 0
	choose := func(e *Error, rank int) {
		if e != nil && rank > best {
			cause, best = *e, rank
		}
	}
	choose(r.passing, 3)
	choose(r.lasting, 4)
	for i := range errs {
		rank := 7
		switch e := errs[i]; {
		case e.Kind == DependencyFailure:
			rank = 1
		case e.Kind == Builder:
			rank = 2
		case e.Kind == Other:
			rank = 5
		case e.Kind.Temporary():
			rank = 6
		}
		choose(&errs[i], rank)
	}
	return cause
}

// block is an error under way. Nix prints the trace from the outside to the inside
// and the message last.
type block struct {
	message part
	trace   []part
	cur     *part    // what the next line belongs to
	showing bool     // lines of code follow
	log     []string // the last lines of builders before it
}

// part is the message, or one step of the trace.
type part struct {
	text   []string
	places []Place
}

func (b *block) line(line string) {
	text := strings.TrimSpace(line)
	if rest, ok := strings.CutPrefix(text, "error:"); ok && (b.cur != &b.message || len(b.message.text) == 0) {
		b.message = part{}
		b.cur, b.showing = &b.message, false
		if rest = strings.TrimSpace(rest); rest != "" {
			b.message.text = []string{rest}
		}
		return
	}
	if rest, ok := strings.CutPrefix(text, "… "); ok {
		b.trace = append(b.trace, part{text: []string{rest}})
		b.cur, b.showing = &b.trace[len(b.trace)-1], false
		return
	}
	if strings.HasPrefix(text, "(stack trace truncated") || strings.HasSuffix(text, "duplicate frames omitted)") {
		return
	}
	if p, ok := readPlace(text); ok {
		b.cur.places = append(b.cur.places, p)
		b.showing = true
		return
	}
	if b.showing {
		number, code, ok := strings.Cut(text, "|")
		if text == "" || ok && strings.Trim(number, "0123456789") == "" {
			if p := &b.cur.places[len(b.cur.places)-1]; number == strconv.Itoa(p.Line) {
				p.Text, p.Shown = strings.TrimPrefix(code, " "), true
			}
			return
		}
	}
	b.showing = false
	b.cur.text = append(b.cur.text, strings.TrimRight(strings.TrimPrefix(line, "       "), " "))
}

// readPlace reads "at FILE:LINE:COLUMN:".
func readPlace(text string) (p Place, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(text, ":"), "at ")
	i := strings.LastIndexByte(rest, ':')
	if !ok || i < 0 {
		return p, false
	}
	column, err := strconv.Atoi(rest[i+1:])
	j := strings.LastIndexByte(rest[:i], ':')
	line, lineErr := strconv.Atoi(rest[j+1 : i])
	if err != nil || lineErr != nil || j < 1 {
		return p, false
	}
	return Place{File: rest[:j], Line: line, Column: column}, true
}

// errors are what the block tells: more than one where the message lists several
// failed assertions.
func (b *block) errors() []Error {
	text := strings.TrimSpace(strings.Join(b.message.text, "\n"))
	if text == "" || wrapper.MatchString(head(text)) {
		return nil
	}
	e := Error{Message: text, Places: b.message.places}
	for _, p := range e.Places[:min(1, len(e.Places))] {
		e.at = fmt.Sprintf("at %s:%d:%d", p.File, p.Line, p.Column)
	}
	for _, t := range slices.Backward(b.trace) {
		e.Places = append(e.Places, t.places...)
	}
	errs := e.classify()
	for i := range errs {
		errs[i].fromTrace(b.trace)
	}
	return errs
}

// fromTrace fills in what the message does not tell.
func (e *Error) fromTrace(trace []part) {
	thrown := len(trace) > 0 && trace[len(trace)-1].text[0] == "while calling the 'throw' builtin"
	if thrown && (e.Kind == Other || known().machine[e.Kind]) {
		*e = Error{Kind: Throw, Message: e.Message, Places: e.Places, at: e.at}
	}
	told := len(e.Definitions) > 0
	for _, t := range slices.Backward(trace) {
		if !strings.HasPrefix(t.text[0], "while evaluating ") {
			continue
		}
		if m := tracedOption.FindStringSubmatch(t.text[0]); m != nil && e.Option == "" {
			e.Option = m[1]
		}
		if m := tracedFile.FindStringSubmatch(t.text[0]); m != nil && !told && len(e.Definitions) < maxItems {
			if d := (Definition{File: m[1]}); !slices.Contains(e.Definitions, d) {
				e.Definitions = append(e.Definitions, d)
			}
		}
	}
}

// head is as much of a message as is matched: what it is about stands at its beginning.
func head(s string) string { return s[:min(len(s), maxHead)] }
