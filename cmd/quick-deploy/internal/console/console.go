// Package console joins a run of the executor to the terminal that it was
// started from: what is shown, what is asked, what goes into the log, and
// what happens when the terminal goes away.
package console

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/progress"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Options say where a run is shown and how.
type Options struct {
	In     io.Reader // answers come from here
	Data   io.Writer // standard output: the events, with JSON
	Talk   io.Writer // standard error: everything for people
	Ask    bool      // In is a terminal: there is somebody to ask
	Live   bool      // Talk is a terminal that can move its cursor
	Colour bool
	Width  func() int // of Talk, columns
	JSON   bool
	Quiet  bool
	Debug  bool
	Log    *logfile.File
	Nom    run.Runner // starts nix-output-monitor; nil for our own progress
	Now    func() time.Time
}

// Console is an open one. Close ends it.
type Console struct {
	o    Options
	gate *term.Gate // before o.Talk
	ui   *progress.UI
	json *progress.JSON
	in   *bufio.Reader

	mu  sync.Mutex
	nom *progress.Nom
}

// redraw is how often the live region is drawn anew.
const redraw = 100 * time.Millisecond

// Open takes hold of the terminal. It is called only by commands that act.
func Open(o Options) *Console {
	if o.Now == nil {
		o.Now = time.Now
	}
	gate := term.New(o.Talk)
	o.Talk = gate
	c := &Console{o: o, gate: gate, in: bufio.NewReader(o.In)}
	if o.JSON {
		c.json = progress.NewJSON(term.JSON(o.Data))
	} else {
		c.ui = progress.New(gate.Styled(), progress.Options{
			Live: o.Live && !o.Quiet, Colour: o.Colour, Width: o.Width, Quiet: o.Quiet, Verbose: o.Debug, Now: o.Now, Every: redraw,
		})
	}
	// A lost terminal or a closed pipe must not end the program between two
	// systems. Writing to them fails from then on, and nobody is asked anything.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	return c
}

// Attach has a deployer show, ask and log through the console.
func (c *Console) Attach(cfg *deploy.Config) {
	cfg.Log, cfg.LogPath, cfg.LogOffset = c.o.Log.Logger(), c.o.Log.Path(), c.o.Log.Offset
	cfg.Events, cfg.Output = c.event, c.output
	if c.o.Ask {
		cfg.Confirm = c.confirm
	}
	if x, ok := cfg.Runner.(interface{ SetLog(*slog.Logger) }); ok {
		x.SetLog(c.o.Log.Logger())
	}
	if x, ok := cfg.Runner.(interface{ SetAsk(func(bool)) }); ok && c.ui != nil {
		x.SetAsk(func(asking bool) {
			if asking {
				c.ui.Pause()
			} else {
				c.ui.Resume()
			}
		})
	}
}

// Watch tells the user that an interrupt was understood, since a step that
// must not be cut in two goes on for a while.
func (c *Console) Watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		c.event(journal.Event{Type: "warning", Message: "interrupted: the step at work is ended first, then the machine is put back if it was touched"})
	})
}

// Close ends the live region. The error says that the event stream is not whole.
func (c *Console) Close() error {
	c.endNom()
	if c.ui != nil {
		c.ui.Close()
	}
	if c.json != nil {
		return c.json.Err()
	}
	return nil
}

func (c *Console) event(e journal.Event) {
	if e.SchemaVersion == 0 {
		e.SchemaVersion, e.Time = journal.EventSchema, c.o.Now()
	}
	if c.json != nil {
		c.json.Event(e)
		return
	}
	if c.o.Nom != nil && e.Type == "step" && e.Step == "build" {
		if e.Status == journal.Running {
			c.startNom()
		} else {
			c.endNom()
		}
	}
	c.ui.Event(e)
}

func (c *Console) startNom() {
	c.ui.Pause()
	c.mu.Lock()
	c.nom = progress.StartNom(c.o.Nom, c.gate.Raw())
	c.mu.Unlock()
}

func (c *Console) endNom() {
	c.mu.Lock()
	nom := c.nom
	c.nom = nil
	c.mu.Unlock()
	if nom == nil {
		return
	}
	if err := nom.Close(); err != nil {
		c.o.Log.Logger().Warn("nix-output-monitor", "error", err)
	}
	c.ui.Resume()
}

func (c *Console) output(step string, s run.Stream, line string) {
	if text, show := nixlog.PlainLine(line); show {
		c.o.Log.Output(step, s, text)
	}
	c.mu.Lock()
	nom := c.nom
	c.mu.Unlock()
	switch {
	case nom != nil && nom.Feed(line), c.ui == nil:
	default:
		c.ui.Output(step, s, line)
	}
}

// maxAnswers is how often an answer that is neither yes nor no is asked for again.
const maxAnswers = 3

// confirm asks a question. The default is no, and so is the end of the input.
func (c *Console) confirm(ctx context.Context, q deploy.Question) (bool, error) {
	if c.ui != nil {
		c.ui.Pause()
		defer c.ui.Resume()
	}
	if c.ui == nil {
		for _, line := range q.Details {
			fmt.Fprintln(c.o.Talk, line)
		}
	}
	type answer struct {
		text string
		err  error
	}
	for range maxAnswers {
		fmt.Fprintf(c.o.Talk, "%s [y/N] ", q.Text)
		got := make(chan answer, 1)
		go func() {
			text, err := c.in.ReadString('\n')
			got <- answer{text, err}
		}()
		select {
		case <-ctx.Done():
			fmt.Fprintln(c.o.Talk)
			return false, ctx.Err()
		case a := <-got:
			switch strings.ToLower(strings.TrimSpace(a.text)) {
			case "y", "yes":
				return true, nil
			case "", "n", "no":
				return false, nil
			}
			if a.err != nil {
				return false, nil
			}
			fmt.Fprintln(c.o.Talk, "please answer yes or no")
		}
	}
	return false, nil
}
