package deploy_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/sebdah/goldie/v2"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/console"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
)

// terminal is a pty with a person at it, who types an answer to each question.
type terminal struct {
	tty  *os.File
	mu   sync.Mutex
	out  strings.Builder
	done chan struct{}
}

func openTerminal(t *testing.T, answers ...string) *terminal {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatalf("open a pty: %v", err)
	}
	term := &terminal{tty: tty, done: make(chan struct{})}
	go func() {
		defer close(term.done)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			term.mu.Lock()
			term.out.Write(buf[:n])
			asked := strings.Count(term.out.String(), "[y/N] ")
			term.mu.Unlock()
			if asked > 0 && len(answers) > 0 && strings.HasSuffix(string(buf[:n]), "[y/N] ") {
				io.WriteString(master, answers[0]+"\n")
				answers = answers[1:]
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { master.Close() })
	return term
}

// screen is what is on the screen at the end: the live region has come and gone.
func (term *terminal) screen(t *testing.T) string {
	t.Helper()
	term.tty.Close()
	<-term.done
	out := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(term.out.String(), "")
	lines, row, col := [][]rune{nil}, 0, 0
	for rest := []rune(out); len(rest) > 0; {
		if m := regexp.MustCompile("^\x1b\\[([0-9]*)([AJ])").FindStringSubmatch(string(rest[:min(8, len(rest))])); m != nil {
			if n, _ := strconv.Atoi(m[1]); m[2] == "A" {
				row = max(0, row-n)
			} else {
				lines = append(lines[:row], lines[row][:min(col, len(lines[row]))])
			}
			rest = rest[len(m[0]):]
			continue
		}
		switch c := rest[0]; c {
		case '\n':
			if row++; row == len(lines) {
				lines = append(lines, nil)
			}
		case '\r':
			col = 0
		default:
			lines[row] = append(lines[row][:min(col, len(lines[row]))], c)
			col++
		}
		rest = rest[1:]
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(string(l), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// session runs a person's command and returns the screen at its end.
func session(t *testing.T, w deploy.World, term *terminal, act func(change func(*deploy.Config)) error) string {
	t.Helper()
	fixed := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	log, err := logfile.Open(w.Dir()+"/logs", logfile.Options{Kind: logfile.Deploy, Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	screen := console.New(term.tty, io.Discard, term.tty)
	screen.Live, screen.ColourErr, screen.Now = true, true, fixed
	con := screen.Open(log, nil)
	err = act(func(c *deploy.Config) { con.Attach(c); c.LogPath = "" })
	if cerr := con.Close(); cerr != nil {
		t.Error(cerr)
	}
	if err != nil {
		fmt.Fprintf(term.tty, "quick-deploy: %v\n", err)
		for _, h := range fault.HintsOf(err) {
			fmt.Fprintf(term.tty, "hint: %s\n", h)
		}
		for _, n := range fault.NotesOf(err) {
			fmt.Fprintln(term.tty, n)
		}
		fmt.Fprintf(term.tty, "[exit %d]\n", fault.CodeOf(err))
	}
	return w.Rel(term.screen(t))
}

func TestTerminalSessions(t *testing.T) {
	g := goldie.New(t, goldie.WithFixtureDir("testdata/session"), goldie.WithNameSuffix(".txt"),
		goldie.WithDiffEngine(goldie.ClassicDiff))
	ask := func(w deploy.World) deploy.Goal {
		goal := w.Goal(deploy.Switch)
		goal.Yes = false
		return goal
	}
	sw := func(w deploy.World, goal deploy.Goal, more ...func(*deploy.Config)) func(func(*deploy.Config)) error {
		return func(change func(*deploy.Config)) error {
			d := w.Deployer(append([]func(*deploy.Config){change}, more...)...)
			p, err := d.Plan(context.Background(), goal)
			if err == nil {
				_, err = d.Run(context.Background(), p)
			}
			return err
		}
	}
	t.Run("plan", func(t *testing.T) {
		w := deploy.NewWorld(t)
		p, err := w.Deployer().Plan(t.Context(), ask(w))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := p.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		g.Assert(t, "plan", []byte(w.Rel(b.String())))
	})
	t.Run("switch", func(t *testing.T) {
		w := deploy.NewWorld(t)
		g.Assert(t, "switch", []byte(session(t, w, openTerminal(t, "maybe", "y"), sw(w, ask(w)))))
	})
	t.Run("declined", func(t *testing.T) {
		w := deploy.NewWorld(t)
		g.Assert(t, "declined", []byte(session(t, w, openTerminal(t, ""), sw(w, ask(w)))))
	})
	t.Run("activation fails", func(t *testing.T) {
		w := deploy.NewWorld(t)
		g.Assert(t, "activation-fails", []byte(session(t, w, openTerminal(t, "yes"),
			sw(w, ask(w), func(c *deploy.Config) { w.FailNew(c, "switch-to-configuration test", 4) }))))
	})
	t.Run("unhealthy", func(t *testing.T) {
		w := deploy.NewWorld(t)
		goal := ask(w)
		goal.Checks = []health.Check{
			{Name: "web: port", Kind: health.File, Target: "/run/web", Required: true, Hint: "journalctl -u web"},
		}
		g.Assert(t, "unhealthy", []byte(session(t, w, openTerminal(t, "y"), sw(w, goal))))
	})
	t.Run("rollback", func(t *testing.T) {
		w := deploy.NewWorld(t)
		if err := sw(w, w.Goal(deploy.Switch))(func(*deploy.Config) {}); err != nil {
			t.Fatal(err)
		}
		g.Assert(t, "rollback", []byte(session(t, w, openTerminal(t, "y"), func(change func(*deploy.Config)) error {
			d := w.Deployer(change)
			goal, err := d.Back(context.Background(), 0)
			if err != nil {
				return err
			}
			p, err := d.Plan(context.Background(), goal)
			if err == nil {
				_, err = d.Run(context.Background(), p)
			}
			return err
		})))
	})
}
