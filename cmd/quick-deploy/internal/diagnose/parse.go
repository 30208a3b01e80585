package diagnose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Parse reads what Nix wrote to stderr. The errors come in the order of the
// text; an error that only says that another one stood in its way is left out
// where that other one is there. Colours are ignored, and so is what
// nixos-rebuild says about the command that it ran.
func Parse(stderr string) []NixError {
	var out []NixError
	all, log := blocks(term.Strip(stderr))
	for i, b := range all {
		for _, e := range b.read() {
			if e.Kind == Builder && len(e.Detail) == 0 {
				e.Detail = log[i]
			}
			out = append(out, e)
		}
	}
	out = dedupe(out)
	if slices.ContainsFunc(out, func(e NixError) bool { return e.Kind != DependencyFailure }) {
		out = slices.DeleteFunc(out, func(e NixError) bool { return e.Kind == DependencyFailure })
	}
	return out
}

var (
	// nixos-rebuild tells which of its commands failed, after Nix has told why.
	wrapper = regexp.MustCompile(`^(?:[Cc]ommand '.*' returned non-zero exit status|.*nixos-rebuild.*exit status)`)
	place   = regexp.MustCompile(`^\s*at (.+?):(\d+)(?::(\d+))?:?$`)
	excerpt = regexp.MustCompile(`^\s*(\d*)\s*\| ?(.*)$`)
	number  = regexp.MustCompile(`^\s+(\d+)\|(.*)$`)
)

// block is one error with its trace: the lines from an "error:" that is not
// indented to the next line that is not.
type block []string

// What a builder printed stands before the error, a line "> …" each; log holds
// the last of those lines for each block.
func blocks(text string) (out []block, log [][]string) {
	const most = 5
	var said []string
	in := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "error:"):
			out, log = append(out, block{line}), append(log, said)
			in = true
		case strings.HasPrefix(line, "> "):
			said = append(said[max(0, len(said)-most+1):len(said):len(said)], line[len("> "):])
			in = false
		case line != "" && line[0] != ' ' && line[0] != '\t':
			in = false
		case in:
			last := len(out) - 1
			out[last] = append(out[last], line)
		}
	}
	return out, log
}

// part is a piece of a block: the message, or one step of the trace.
type part struct {
	text   []string
	places []Place
}

// read takes a block apart. Nix prints the trace from the outside to the
// inside and the message last; before 2.11 it printed the message first.
func (b block) read() []NixError {
	var message part
	var trace []part
	cur := &message
	showing := false // lines of code follow
	for i, line := range b {
		text := strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(text, "error:"); ok && (i == 0 || cur != &message || message.empty()) {
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
			strings.Contains(text, "duplicate frames omitted)") {
			continue
		}
		if m := place.FindStringSubmatch(line); m != nil {
			p := Place{File: m[1]}
			p.Line, _ = strconv.Atoi(m[2]) // digits
			p.Column, _ = strconv.Atoi(m[3])
			cur.places = append(cur.places, p)
			showing = true
			continue
		}
		if showing && excerpt.MatchString(line) {
			if m := number.FindStringSubmatch(line); m != nil {
				if p := &cur.places[len(cur.places)-1]; m[1] == strconv.Itoa(p.Line) {
					p.Text, p.Shown = strings.TrimPrefix(m[2], " "), true
				}
			}
			continue
		}
		if text == "" && showing {
			continue
		}
		showing = false
		cur.text = append(cur.text, line)
	}
	return assemble(message, trace)
}

func (p part) empty() bool { return len(p.text) == 0 }

// assemble makes errors of a message and its trace: more than one where the
// message lists several failed assertions.
func assemble(message part, trace []part) []NixError {
	text := dedent(message.text)
	if text == "" || wrapper.MatchString(text) {
		return nil
	}
	e := NixError{Message: text, Places: message.places}
	for _, t := range slices.Backward(trace) {
		e.Places = append(e.Places, t.places...)
	}
	errs := classify(e)
	for i := range errs {
		errs[i].fromTrace(trace)
	}
	return errs
}

var (
	tracedOption = regexp.MustCompile("(?:while evaluating (?:the )?option|while evaluating the attribute) [`'‘\"]([^`‘]+?)['’\"]:?$")
	tracedFile   = regexp.MustCompile("while evaluating (?:definitions from|the module argument .* in) [`'‘\"]([^`'’\"]+)['’\"]:?$")
)

// fromTrace fills in what the message does not tell.
func (e *NixError) fromTrace(trace []part) {
	told := len(e.Definitions) > 0
	for i, t := range slices.Backward(trace) {
		line := strings.TrimSpace(t.text[0])
		if i == len(trace)-1 && e.Kind == Other && line == "while calling the 'throw' builtin" {
			e.Kind = Throw
		}
		if m := tracedOption.FindStringSubmatch(line); m != nil && e.Option == "" && !strings.HasPrefix(line, "while evaluating the attribute") {
			e.Option, e.Traced = m[1], true
		}
		if m := tracedFile.FindStringSubmatch(line); m != nil && !told {
			d := Definition{File: m[1]}
			if !slices.ContainsFunc(e.Definitions, func(have Definition) bool { return have.File == d.File }) {
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

// dedupe drops what was said before: nixos-rebuild evaluates more than once.
func dedupe(errs []NixError) []NixError {
	var out []NixError
	for _, e := range errs {
		if !slices.ContainsFunc(out, func(have NixError) bool { return have.Kind == e.Kind && have.Message == e.Message }) {
			out = append(out, e)
		}
	}
	return out
}
