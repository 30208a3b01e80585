package interview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"charm.land/huh/v2"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// tries is how often a question is asked again after a wrong answer.
const tries = 5

// plain asks the questions as lines of text.
func (s *Session) plain(ctx context.Context, d *draft, questions []question) error {
	in := &lines{ctx: ctx, in: s.In}
	fmt.Fprintf(s.Out, "%s\n\n", strings.Join(s.Found, "\n"))
	for i, q := range questions {
		if q.hide != nil && q.hide() {
			continue
		}
		if i == len(questions)-1 {
			s.print(s.Preview(d.answers()))
		}
		if err := ask(in, s.Out, q.field()); err != nil {
			return err
		}
	}
	return d.decided()
}

// plainLines is how much of the Nix is printed.
const plainLines = 40

// print prints the preview, of the Nix the beginning.
func (s *Session) print(p Preview) {
	nix := strings.SplitAfterN(p.Nix.Text, "\n", plainLines+1)
	fmt.Fprintf(s.Out, "--- %s\n%s\n--- %s begins\n%s\n", p.Profile.Name, p.Profile.Text, p.Nix.Name,
		strings.Join(nix[:min(len(nix), plainLines)], ""))
}

// decided is an error if the answers are to be thrown away.
func (d *draft) decided() error {
	if d.next == nextDiscard {
		return fault.New(fault.Interrupted, "nothing was written")
	}
	return nil
}

// ask asks one question.
func ask(in *lines, out io.Writer, f huh.Field) (err error) {
	in.left = tries
	// huh's list takes the end of the input for the answer 0, which is none of its items.
	defer func() {
		if in.err != nil && recover() != nil {
			err = in.fault()
		}
	}()
	f.Init()
	f.Focus()
	err = f.WithTheme(huh.ThemeFunc(huh.ThemeBase)).RunAccessible(out, in)
	if in.err != nil {
		return in.fault()
	}
	return err
}

var errTries = errors.New("too many wrong answers")

// lines hands out its input line by line, and not a byte more: what reads the
// same input afterwards finds the rest. A line is waited for no longer than ctx lasts.
type lines struct {
	ctx  context.Context
	in   io.Reader
	rest []byte
	left int   // lines that may still be asked for
	err  error // why there are no more lines
}

// Read implements io.Reader.
func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.err == nil && l.left == 0 {
			l.err = errTries
		}
		if l.err == nil {
			l.left--
			var text string
			if text, l.err = term.ReadLine(l.ctx, l.in); text != "" {
				l.rest, l.err = []byte(text), nil
			}
		}
		if len(l.rest) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// fault is why the questions ended, for the user.
func (l *lines) fault() error {
	switch {
	case errors.Is(l.err, context.Canceled):
		return errInterrupted()
	case errors.Is(l.err, errTries):
		return fault.New(fault.Usage, "no valid answer after %d attempts; nothing was written", tries)
	case errors.Is(l.err, io.EOF):
		return fault.New(fault.Usage, "the input ended before the last question; nothing was written").
			Hint("answer by flags and --yes, or by --answers FILE")
	}
	return fmt.Errorf("read the answer: %w", l.err)
}
