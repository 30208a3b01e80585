package nixlog

import (
	"slices"
	"strconv"
	"strings"
)

// Bounds keep the work linear in a text that no Nix would write.
const (
	maxErrors  = 500     // the last ones are read
	maxItems   = 200     // assertions, or definitions, of one error
	maxValue   = 1 << 10 // bytes of a definition's value
	maxHead    = 16 << 10
	maxLog     = 5 // lines of a build's log
	maxLogLine = 1 << 10
)

// Output is what Nix said.
type Output struct {
	// Text is all of it as a person would have seen it.
	Text string
	// Errors are in the order of the text. One that only says that another one stood in
	// its way is left out where that other one is there.
	Errors []Error
	// Cause is the error that decides. Where nothing was said it is of no kind.
	Cause Error
}

// Read reads what a command wrote to stderr, whether as text or as internal-json.
// Colours are ignored, and so are warnings, which tell of tries that Nix made
// itself, and what nixos-rebuild says about the command that it ran.
func Read(stderr string) Output {
	var o Output
	var r reader
	var all strings.Builder
	for line := range strings.Lines(stderr) {
		m, ok := Parse(line)
		text, show := plainLine(m, ok, strings.TrimRight(line, "\r\n"))
		if !show {
			continue
		}
		all.WriteString(text + "\n")
		if ok && m.Action == "msg" && !strings.HasPrefix(text, "error:") {
			text, _, _ = strings.Cut(text, "\n") // what follows may quote anything
		}
		for l := range strings.SplitSeq(text, "\n") {
			r.line(l)
		}
	}
	o.Text = all.String()
	o.Errors, o.Cause = r.result()
	if o.Cause.Kind == "" {
		text := strings.TrimSpace(o.Text)
		o.Cause = Error{Kind: Other, Message: text[strings.LastIndexByte(text, '\n')+1:]}
	}
	return o
}

// reader takes the lines of a text. A block is one error with its trace: the
// lines from an "error:" that is not indented to the next line that is not.
type reader struct {
	blocks []block
	inside bool     // the last block goes on
	log    []string // the last lines of builders before the next block
	// The first lines of git, curl and ssh, on their own or in a builder's log, that tell
	// of something lasting and of something that may pass.
	lasting, passing *Error
}

type block struct {
	lines []string
	log   []string
}

func (r *reader) line(line string) {
	switch text, log := logLine(line); {
	case strings.HasPrefix(line, "error:"):
		if len(r.blocks) == maxErrors {
			r.blocks = r.blocks[1:]
		}
		r.blocks = append(r.blocks, block{[]string{line}, r.log})
		r.inside = true
	case line == "" || line[0] == ' ' || line[0] == '\t':
		if r.inside {
			b := &r.blocks[len(r.blocks)-1]
			b.lines = append(b.lines, line)
		}
	case log:
		if len(text) > maxLogLine {
			text = text[:maxLogLine]
		}
		r.log = append(r.log[max(0, len(r.log)-maxLog+1):len(r.log):len(r.log)], text)
		r.inside = false
		r.program(text)
	default:
		r.inside = false
		r.program(line)
	}
}

// logLine is the text of a line of a builder's log: "> text", or "name> text".
func logLine(line string) (string, bool) {
	name, text, ok := strings.Cut(line, ">")
	if !ok || strings.ContainsAny(name, " \t") {
		return "", false
	}
	return strings.TrimSpace(text), true
}

// program takes note of a line of a program below Nix, if it is known.
func (r *reader) program(line string) {
	e := Error{Message: line}
	switch {
	case r.lasting != nil || !e.match(programs):
	case !e.Kind.Temporary():
		r.lasting = &e
	case r.passing == nil:
		r.passing = &e
	}
}

// result are the errors, and the one that decides: first of all what lasts of what Nix
// itself says, then what may pass of it. Only then comes what other programs said:
// they may have failed on the way to an error of another kind.
func (r *reader) result() (errs []Error, cause Error) {
	for _, b := range r.blocks {
		for _, e := range b.read() {
			if e.Kind == Builder {
				for _, line := range e.Detail {
					r.program(line)
				}
				if len(e.Detail) == 0 {
					e.Detail = b.log
				}
			}
			// nixos-rebuild evaluates more than once.
			if !slices.ContainsFunc(errs, func(have Error) bool { return have.Kind == e.Kind && have.Message == e.Message }) {
				errs = append(errs, e)
			}
		}
	}
	rank := func(e Error) int {
		switch {
		case e.Kind == DependencyFailure:
			return 1
		case e.Kind == Builder:
			return 2
		case e.Kind == Other:
			return 5
		case e.Kind.Temporary():
			return 6
		}
		return 7
	}
	best := 0
	choose := func(e *Error, rank int) {
		if e != nil && rank > best {
			cause, best = *e, rank
		}
	}
	for i := range errs {
		choose(&errs[i], rank(errs[i]))
	}
	choose(r.passing, 3)
	choose(r.lasting, 4)
	if best > 1 {
		errs = slices.DeleteFunc(errs, func(e Error) bool { return e.Kind == DependencyFailure })
	}
	if len(errs) == 0 && best > 0 {
		errs = []Error{cause}
	}
	return errs, cause
}

// part is a piece of a block: the message, or one step of the trace.
type part struct {
	text   []string
	places []Place
}

// read takes a block apart. Nix prints the trace from the outside to the
// inside and the message last; before 2.11 it printed the message first.
func (b block) read() []Error {
	var message part
	var trace []part
	cur := &message
	showing := false // lines of code follow
	for i, line := range b.lines {
		text := strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(text, "error:"); ok && (i == 0 || cur != &message || len(message.text) == 0) {
			message = part{places: message.places}
			if i > 0 {
				message.places = nil
			}
			cur, showing = &message, false
			if rest = strings.TrimSpace(rest); rest != "" {
				cur.text = append(cur.text, rest)
			}
			continue
		}
		if rest, ok := strings.CutPrefix(text, "… "); ok {
			trace = append(trace, part{text: []string{rest}})
			cur, showing = &trace[len(trace)-1], false
			continue
		}
		if strings.HasPrefix(text, "(stack trace truncated") || strings.HasPrefix(text, "note: trace involved") ||
			strings.HasSuffix(text, "duplicate frames omitted)") {
			continue
		}
		if p, ok := readPlace(text); ok {
			cur.places = append(cur.places, p)
			showing = true
			continue
		}
		if number, code, ok := strings.Cut(text, "|"); showing && (text == "" || ok && strings.Trim(number, "0123456789") == "") {
			if p := &cur.places[max(0, len(cur.places)-1)]; ok && number == strconv.Itoa(p.Line) {
				p.Text, p.Shown = strings.TrimPrefix(code, " "), true
			}
			continue
		}
		showing = false
		cur.text = append(cur.text, line)
	}
	return assemble(message, trace)
}

// readPlace reads "at FILE:LINE:COLUMN:", of which old Nixes leave the column out.
func readPlace(text string) (p Place, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(text, ":"), "at ")
	if !ok {
		return p, false
	}
	var numbers []int
	for len(numbers) < 2 {
		i := strings.LastIndexByte(rest, ':')
		n, err := strconv.Atoi(rest[i+1:])
		if i < 1 || err != nil || n < 0 {
			break
		}
		rest, numbers = rest[:i], append([]int{n}, numbers...)
	}
	switch len(numbers) {
	case 0:
		return p, false
	case 1:
		return Place{File: rest, Line: numbers[0]}, true
	}
	return Place{File: rest, Line: numbers[0], Column: numbers[1]}, true
}

// assemble makes errors of a message and its trace: more than one where the
// message lists several failed assertions.
func assemble(message part, trace []part) []Error {
	text := dedent(message.text)
	if text == "" || wrapper.MatchString(head(text)) {
		return nil
	}
	e := Error{Message: text, Places: message.places}
	if len(message.places) > 0 {
		p := message.places[0]
		e.at = strings.TrimSuffix(strings.Join([]string{"at " + p.File, strconv.Itoa(p.Line), strconv.Itoa(p.Column)}, ":"), ":0")
	}
	for _, t := range slices.Backward(trace) {
		e.Places = append(e.Places, t.places...)
	}
	errs := e.classify()
	for i := range errs {
		errs[i].fromTrace(trace)
	}
	return errs
}

// fromTrace fills in what the message does not tell.
func (e *Error) fromTrace(trace []part) {
	if n := len(trace); n > 0 && trace[n-1].text[0] == "while calling the 'throw' builtin" && (e.Kind == Other || e.Kind.ofMachine()) {
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

// dedent joins lines and takes away the indentation that they share.
func dedent(lines []string) string {
	indent := -1
	for i, l := range lines {
		if t := strings.TrimLeft(l, " "); t != "" && i > 0 {
			if n := len(l) - len(t); indent < 0 || n < indent {
				indent = n
			}
		}
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		if n := len(l) - len(strings.TrimLeft(l, " ")); indent > 0 && n >= indent {
			l = l[indent:]
		}
		out[i] = strings.TrimRight(l, " ")
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// head is as much of a message as is matched: what it is about stands at its beginning.
func head(s string) string { return s[:min(len(s), maxHead)] }
