package progress

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Options say how a run is shown.
type Options struct {
	Live    bool // a terminal that can move its cursor: the region at the bottom is redrawn
	Colour  bool
	Width   func() int // columns, 0: 80
	Quiet   bool       // only failures, questions and the summary
	Verbose bool       // build logs and every command's output
	Now     func() time.Time
	Every   time.Duration // how often there is a Tick, 0: never by itself
}

// UI shows a run to a person: on a terminal with a live region at the bottom,
// elsewhere as plain lines, one a change of state. Its methods may be called from several goroutines.
type UI struct {
	w io.Writer
	o Options

	mu      sync.Mutex
	step    string
	started time.Time
	nix     *Tracker
	drawn   int             // lines of the live region on the screen
	named   bool            // the step that is at work is named on the screen
	told    map[string]bool // warnings of the step
	paused  bool
	stop    chan struct{}
	stopped sync.WaitGroup
}

// New shows a run on w.
func New(w io.Writer, o Options) *UI {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Width == nil {
		o.Width = func() int { return 80 }
	}
	u := &UI{w: w, o: o, stop: make(chan struct{})}
	if o.Every > 0 {
		u.stopped.Go(func() {
			t := time.NewTicker(o.Every)
			defer t.Stop()
			for {
				select {
				case <-u.stop:
					return
				case <-t.C:
					u.Tick()
				}
			}
		})
	}
	return u
}

// Close clears the live region and ends redrawing.
func (u *UI) Close() {
	close(u.stop)
	u.stopped.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.step = ""
	u.clear()
}

// Pause clears the live region, for a question; Resume draws it again.
func (u *UI) Pause() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.clear()
	u.paused = true
}

// Resume ends a Pause.
func (u *UI) Resume() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.paused = false
	u.draw()
}

// patience is how long a step may be at work until it is named where there is no live region.
const patience = 5 * time.Second

// Tick redraws the live region; without one it names a step that takes its time.
func (u *UI) Tick() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.o.Live {
		if u.step != "" && !u.named && !u.o.Quiet && u.o.Now().Sub(u.started) >= patience {
			u.named = true
			u.print("  " + u.step + " …")
		}
		return
	}
	u.clear()
	u.draw()
}

// Event shows an event of the executor.
func (u *UI) Event(e journal.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	e.Step, e.Message = term.Line(e.Step), term.Clean(e.Message)
	switch e.Type {
	case "step":
		u.stepEvent(e)
	case "message", "run":
		if !u.o.Quiet {
			u.print("· " + e.Message)
		}
	case "finding", "loss":
		switch e.Status {
		case journal.Failed: // the error lists them all
		case journal.Skipped:
			u.print("- " + e.Message)
		default:
			u.warn(e.Message)
		}
	case "warning", "retry":
		u.warn(e.Message)
	case "health":
		if strings.Contains(e.Message, ": passed: ") && !u.o.Verbose {
			return
		}
		u.print("  " + u.short(e.Message))
	case "diff":
		if e.Message != "" && !u.o.Quiet {
			u.print(u.short(e.Message))
		}
	}
}

// short leaves of store paths the names, but with --debug.
func (u *UI) short(text string) string {
	if u.o.Verbose {
		return text
	}
	return storepath.Shorten(text)
}

func (u *UI) warn(text string) { u.print(term.Paint(u.o.Colour, term.Yellow, "!") + " " + text) }

func (u *UI) stepEvent(e journal.Event) {
	took := ""
	if e.Seconds >= 0.1 {
		took = " " + short(time.Duration(e.Seconds*float64(time.Second)))
	}
	note := ""
	if e.Message != "" {
		note = " (" + e.Message + ")"
	}
	switch e.Status {
	case journal.Running:
		u.step, u.started, u.nix = e.Step, u.o.Now(), &Tracker{Now: u.o.Now}
		u.named, u.told = false, map[string]bool{}
		u.clear()
		u.draw()
		return
	case journal.Done:
		if !u.o.Quiet {
			u.print(term.Paint(u.o.Colour, term.Green, "✓") + " " + e.Step + took + note)
		}
	case journal.Skipped:
		if !u.o.Quiet {
			u.print("- " + e.Step + note)
		}
	default:
		// The error itself is printed once, by main, with its hints.
		u.print(term.Paint(u.o.Colour, term.Red, "✗") + " " + e.Step + took)
	}
	if e.Step == u.step {
		u.step, u.nix = "", nil
	}
}

// Output shows a line of a command's output: Nix' progress goes into the live
// region, its messages and what other commands say above it.
func (u *UI) Output(step string, _ run.Stream, line nixlog.Line) {
	u.mu.Lock()
	defer u.mu.Unlock()
	read := nixlog.Line.Plain
	if u.nix != nil {
		read = u.nix.Feed
	}
	text, show := read(line)
	if !show || u.o.Quiet {
		return
	}
	if !u.o.Verbose {
		text = u.brief(step, line, text) // the log has the rest
	}
	for line := range strings.Lines(text) {
		u.print("    " + term.Line(strings.TrimRight(line, "\r\n")))
	}
}

// brief is what of a text is shown without --debug, "" for nothing. Of a build these are warnings, each once: its
// errors are put into words of the profile at the end.
func (u *UI) brief(step string, line nixlog.Line, text string) string {
	switch step {
	case "build":
		if line.Action == "result" || !warns(text) || u.told[text] {
			return ""
		}
		u.told[text] = true
		text, _, _ = strings.Cut(text, "\n• ") // lists of what belongs to it
	case "activate-system", "activate-home", "boot-default":
		if nixlog.IsWrapper(text) || storepath.Name(text) == storepath.Shorten(text) {
			return ""
		}
		text = nixlog.Brief(text)
	default:
		return ""
	}
	return storepath.Shorten(text)
}

// warns tells whether a message of Nix is about the configuration, and no error.
func warns(text string) bool {
	return slices.ContainsFunc([]string{"warning", "evaluation warning", "trace"}, func(p string) bool {
		return strings.HasPrefix(strings.TrimSpace(text), p)
	})
}

// print writes lines that stay, above the live region.
func (u *UI) print(text string) {
	u.clear()
	fmt.Fprintln(u.w, text)
	u.draw()
}

func (u *UI) clear() {
	if u.drawn > 0 {
		fmt.Fprintf(u.w, "\x1b[%dA\x1b[J", u.drawn)
		u.drawn = 0
	}
}

// maxJobs is how many builds the live region lists.
const maxJobs = 6

func (u *UI) draw() {
	if !u.o.Live || u.paused || u.step == "" {
		return
	}
	lines := []string{u.headline()}
	if u.nix != nil {
		s := u.nix.Snapshot()
		for i, j := range s.Jobs {
			if i == maxJobs {
				lines = append(lines, fmt.Sprintf("  … and %d more", len(s.Jobs)-maxJobs))
				break
			}
			l := "  " + term.Line(j.Name)
			if j.Phase != "" {
				l += "  " + term.Line(j.Phase)
			}
			lines = append(lines, l+"  "+short(j.For))
		}
	}
	for _, l := range lines {
		// A line that wraps would leave its rest on the screen.
		fmt.Fprintln(u.w, ansi.Truncate(l, max(1, u.o.Width()-1), "…"))
	}
	u.drawn = len(lines)
}

func (u *UI) headline() string {
	parts := []string{}
	if u.nix != nil {
		s := u.nix.Snapshot()
		if s.ToBuild > 0 {
			parts = append(parts, fmt.Sprintf("%d/%d built", s.Built, s.ToBuild))
		}
		if s.ToCopy > 0 {
			parts = append(parts, fmt.Sprintf("%d/%d paths", s.Copied, s.ToCopy))
		}
		if s.BytesWant > 0 {
			parts = append(parts, fmt.Sprintf("%s/%s", mib(s.Bytes), mib(s.BytesWant)))
		}
		if len(parts) == 0 && s.Doing != "" {
			parts = append(parts, term.Line(s.Doing))
		}
	}
	parts = append(parts, short(max(0, u.o.Now().Sub(u.started))))
	return term.Paint(u.o.Colour, term.Bold, u.step) + "  " + strings.Join(parts, " · ")
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// short prints a duration as a person says it: 0.4s, 12s, 3m05s, 1h02m.
func short(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
