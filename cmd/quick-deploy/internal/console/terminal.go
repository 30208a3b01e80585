package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/encode"
)

// Terminal is where a command was started from.
//
//   - Data goes to standard output, and everything for people to standard error.
//   - With JSON, standard output has JSON and nothing else.
//   - A question is asked only where somebody can answer it, and its default is no.
//   - Nothing that others wrote reaches a screen as more than text: both streams are gates of package term.
type Terminal struct {
	In       io.Reader
	Out, Err *term.Gate
	// Asks says that somebody can answer at In, Live that Err can move its cursor.
	Asks, Live bool
	// ColourOut and ColourErr say which stream takes colours (no-color.org, bixense.com/clicolors).
	ColourOut, ColourErr bool

	JSON, Quiet, Debug bool
	// Yes answers every question.
	Yes bool
	// Log gets what is said, too.
	Log *slog.Logger
	Now func() time.Time
}

// New is the terminal that three streams make.
func New(in io.Reader, out, err io.Writer) *Terminal {
	dumb := os.Getenv("TERM") == "dumb"
	colour := func(w io.Writer) bool {
		if os.Getenv("NO_COLOR") != "" {
			return false
		}
		force := os.Getenv("CLICOLOR_FORCE")
		return force != "" && force != "0" || term.Is(w) && !dumb
	}
	return &Terminal{
		In: in, Out: term.New(out), Err: term.New(err), Asks: term.Is(in), Live: term.Is(err) && !dumb,
		ColourOut: colour(out), ColourErr: colour(err), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
}

// Size is the size of the terminal that people read, 80 by 24 where it has none.
func (t *Terminal) Size() (columns, lines int) { return term.Size(t.Err, 80, 24) }

// PlainForms says that a form has to be plain lines: no full terminal, or a reader who wants none.
func (t *Terminal) PlainForms() bool {
	return !t.Asks || !term.Is(t.Err) || os.Getenv("NO_COLOR") != "" || os.Getenv("ACCESSIBLE") != "" ||
		slices.Contains([]string{"", "dumb"}, os.Getenv("TERM"))
}

// TakesForms tells whether somebody can fill in a form: a terminal, or a program that
// stands for one and says so.
func (t *Terminal) TakesForms() bool { return t.Asks || os.Getenv("ACCESSIBLE") != "" }

// Say tells the user something that is no data, and the log.
func (t *Terminal) Say(format string, args ...any) {
	logfile.At(t.Log, slog.LevelInfo, 1, fmt.Sprintf(format, args...))
	t.Tell(format, args...)
}

// Tell tells the user what the log has already.
func (t *Terminal) Tell(format string, args ...any) {
	if !t.Quiet {
		fmt.Fprintf(t.Err, format+"\n", args...)
	}
}

// Print prints the data of a command: v with JSON, and what text writes without. Cells of
// a table end with a tab.
func (t *Terminal) Print(v any, text func(io.Writer)) error {
	if t.JSON {
		return t.PrintJSON(v)
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	text(w)
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := t.Out.Write(b.Bytes())
	return err
}

// PrintJSON prints v as the data of a command.
func (t *Terminal) PrintJSON(v any) error { return encode.JSON(term.JSON(t.Out), v) }

// PrintEvent prints one line of the stream of events, as of now where it has no time.
func (t *Terminal) PrintEvent(e journal.Event) error {
	if e.SchemaVersion == 0 {
		e.SchemaVersion, e.Time = journal.EventSchema, t.Now()
	}
	enc := json.NewEncoder(term.JSON(t.Out))
	enc.SetEscapeHTML(false)
	return enc.Encode(e)
}

// PrintFile prints a file that a dry run does not write.
func (t *Terminal) PrintFile(path string, text []byte) error {
	if t.JSON {
		return t.PrintJSON(map[string]string{"path": path, "text": string(text)})
	}
	_, err := t.Out.Write(text)
	return err
}

// Agreed asks a question, and returns an error unless the answer is yes.
func (t *Terminal) Agreed(ctx context.Context, question string, details []string) error {
	if t.Yes {
		return nil
	}
	if !t.Asks {
		return deploy.NoTerminal()
	}
	yes, err := t.confirm(ctx, question, details)
	if err == nil && !yes {
		err = fault.New(fault.Pending, "declined, nothing was done")
	}
	return err
}

// maxAnswers is how often an answer that is neither yes nor no is asked for again.
const maxAnswers = 3

// confirm asks a question about details. The default is no.
func (t *Terminal) confirm(ctx context.Context, question string, details []string) (bool, error) {
	for _, line := range details {
		fmt.Fprintln(t.Err, line)
	}
	return t.Confirm(ctx, question, false)
}

// Confirm asks a question. An empty line takes what is proposed, and the end of the input is no.
func (t *Terminal) Confirm(ctx context.Context, question string, proposed bool) (bool, error) {
	choice := "[y/N]"
	if proposed {
		choice = "[Y/n]"
	}
	for range maxAnswers {
		answer, err := t.Ask(ctx, question+" "+choice+" ")
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		switch strings.ToLower(answer) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
		if err != nil {
			return false, nil
		}
		if answer == "" {
			return proposed, nil
		}
		fmt.Fprintln(t.Err, "please answer yes or no")
	}
	return false, nil
}

// Ask shows a prompt and reads a line, without blanks around it; io.EOF comes with what
// stood before the end. An interrupt ends the wait.
func (t *Terminal) Ask(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(t.Err, prompt)
	line, err := term.ReadLine(ctx, t.In)
	if err != nil && ctx.Err() != nil {
		fmt.Fprintln(t.Err)
	}
	return strings.TrimSpace(line), err
}

// PrintWith prints v, which is an object, with more fields as the data of a command.
func (t *Terminal) PrintWith(v any, more map[string]any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(data, &out); err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	maps.Copy(out, more)
	return t.PrintJSON(out)
}
