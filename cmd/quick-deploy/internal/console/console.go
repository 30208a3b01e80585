// Package console joins a command, and a run of the executor, to the terminal that it was
// started from: what is shown, what is asked, what goes into the log, and
// what happens when the terminal goes away.
package console

import (
	"cmp"
	"context"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/progress"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Run is a run that is shown on a terminal. Close ends it.
type Run struct {
	*Terminal
	log  *logfile.File
	ui   *progress.UI // nil with JSON
	tool run.Runner   // starts nix-output-monitor; nil for our own progress

	mu     sync.Mutex
	nom    *progress.Nom
	failed error // the first that writing an event met: the reader has gone, the run goes on
}

// redraw is how often the live region is drawn anew.
const redraw = 100 * time.Millisecond

// Open takes hold of the terminal. It is called only by commands that act. Nom
// starts nix-output-monitor; nil shows our own progress.
func (t *Terminal) Open(log *logfile.File, nom run.Runner) *Run {
	r := &Run{Terminal: t, log: log, tool: nom}
	if !t.JSON {
		r.ui = progress.New(t.Err.Styled(), progress.Options{
			Live: t.Live && !t.Quiet, Colour: t.ColourErr, Quiet: t.Quiet, Verbose: t.Debug, Now: t.Now, Every: redraw,
			Width: func() int { columns, _ := t.Size(); return columns },
		})
	}
	// A lost terminal or a closed pipe must not end the program between two
	// systems. Writing to them fails from then on, and nobody is asked anything.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	return r
}

// Attach has a deployer show, ask and log through the console.
func (r *Run) Attach(cfg *deploy.Config) {
	cfg.Log, cfg.LogPath, cfg.LogOffset = r.log.Logger(), r.log.Path(), r.log.Offset
	cfg.Events, cfg.Output = r.event, r.output
	if r.Asks {
		cfg.Confirm = r.confirm
	}
}

// Asking gives the terminal to a program that asks for a password, and takes it back.
func (r *Run) Asking(now bool) {
	switch {
	case r.ui == nil:
	case now:
		r.ui.Pause()
	default:
		r.ui.Resume()
	}
}

// Watch tells the user that an interrupt was understood, since a step that
// must not be cut in two goes on for a while.
func (r *Run) Watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		r.event(journal.Event{Type: "warning", Message: "interrupted: the current step is finished first, " +
			"then the machine is rolled back if it was changed"})
	})
}

// Close ends the live region. The error says that the event stream is not whole.
func (r *Run) Close() error {
	r.endNom()
	if r.ui != nil {
		r.ui.Close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

func (r *Run) event(e journal.Event) {
	if r.ui == nil {
		if err := r.PrintEvent(e); err != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.failed = cmp.Or(r.failed, err)
		}
		return
	}
	if r.tool != nil && e.Type == "step" && e.Step == "build" {
		if e.Status == journal.Running {
			r.startNom()
		} else {
			r.endNom()
		}
	}
	r.ui.Event(e)
}

func (r *Run) startNom() {
	r.ui.Pause()
	r.mu.Lock()
	r.nom = progress.StartNom(r.tool, r.Err.Raw())
	r.mu.Unlock()
}

func (r *Run) endNom() {
	r.mu.Lock()
	nom := r.nom
	r.nom = nil
	r.mu.Unlock()
	if nom == nil {
		return
	}
	if err := nom.Close(); err != nil {
		r.log.Logger().Warn("nix-output-monitor", "error", err)
	}
	r.ui.Resume()
}

func (r *Run) output(step string, s run.Stream, line string) {
	read := nixlog.ReadLine(line)
	if text, show := read.Plain(); show {
		r.log.Output(step, s, text)
	}
	r.mu.Lock()
	nom := r.nom
	r.mu.Unlock()
	switch {
	case nom != nil && nom.Feed(line), r.ui == nil:
	default:
		r.ui.Output(step, s, read)
	}
}

// confirm asks a question. What it is about stands on the screen already, but with JSON.
func (r *Run) confirm(ctx context.Context, q deploy.Question) (bool, error) {
	if r.ui == nil {
		return r.Terminal.confirm(ctx, q.Text, q.Details)
	}
	r.ui.Pause()
	defer r.ui.Resume()
	return r.Terminal.confirm(ctx, q.Text, nil)
}
