package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("QUICK_DEPLOY_TEST_HANGUP"); dir != "" {
		os.Exit(hangupChild(dir))
	}
	os.Exit(m.Run())
}

func newLog(t *testing.T, dir string, level slog.Level) *logfile.File {
	t.Helper()
	log, err := logfile.Open(dir, logfile.Options{Kind: logfile.Deploy, Level: level, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

// options are what a test changes of a terminal that nobody sits at.
type options struct {
	Terminal
	in        io.Reader
	data, err io.Writer
	log       *logfile.File
	nom       run.Runner
}

func open(t *testing.T, o options) (*Run, *deploy.Config) {
	t.Helper()
	if o.in == nil {
		o.in = strings.NewReader("")
	}
	if o.data == nil {
		o.data = io.Discard
	}
	if o.err == nil {
		o.err = io.Discard
	}
	if o.log == nil {
		o.log = newLog(t, t.TempDir(), slog.LevelInfo)
	}
	terminal := New(o.in, o.data, o.err)
	terminal.Asks, terminal.Live, terminal.ColourErr = o.Asks, o.Live, o.ColourErr
	terminal.JSON, terminal.Debug = o.JSON, o.Debug
	r := terminal.Open(o.log, o.nom)
	var cfg deploy.Config
	r.Attach(&cfg)
	return r, &cfg
}

func TestAnswers(t *testing.T) {
	for typed, want := range map[string]bool{
		"y\n": true, "YES\n": true, " yes \n": true, "n\n": false, "\n": false, "": false, "y": true,
		"maybe\ny\n": true, "what\nhow\nwhy\ny\n": false, "ja": false,
	} {
		c, cfg := open(t, options{in: strings.NewReader(typed), Terminal: Terminal{Asks: true}})
		got, err := cfg.Confirm(t.Context(), deploy.Question{Text: "switch?"})
		if err != nil || got != want {
			t.Errorf("%q: %t, %v", typed, got, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNobodyToAsk(t *testing.T) {
	c, cfg := open(t, options{in: strings.NewReader("y\n")})
	defer c.Close()
	if cfg.Confirm != nil {
		t.Error("it would ask")
	}
}

func TestInterruptedQuestion(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	c, cfg := open(t, options{in: r, Terminal: Terminal{Asks: true}})
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if yes, err := cfg.Confirm(ctx, deploy.Question{}); yes || !errors.Is(err, context.Canceled) {
		t.Errorf("%t, %v", yes, err)
	}
}

func TestJSONGoesToStandardOutputAndTalkToTheLog(t *testing.T) {
	var data, talk bytes.Buffer
	c, cfg := open(t, options{data: &data, err: &talk, Terminal: Terminal{JSON: true}})
	cfg.Events(journal.Event{Type: "step", Step: "build"})
	cfg.Output("build", run.Stderr, `@nix {"action":"msg","level":0,"msg":"error: undefined variable"}`)
	cfg.Output("build", run.Stderr, `@nix {"action":"stop","id":1}`)
	cfg.Log.Info("hello")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var e journal.Event
	if err := json.Unmarshal(data.Bytes(), &e); err != nil || e.Step != "build" || e.SchemaVersion != journal.EventSchema || talk.Len() > 0 {
		t.Errorf("%s, %v; talk %q", data.Bytes(), err, talk.String())
	}
	log, err := os.ReadFile(cfg.LogPath)
	if err != nil || !strings.Contains(string(log), "[build] ! error: undefined variable") || strings.Contains(string(log), "@nix") || !strings.Contains(string(log), "hello") {
		t.Errorf("log: %s, %v", log, err)
	}
	if cfg.LogOffset() != int64(len(log)) {
		t.Errorf("offset %d of %d", cfg.LogOffset(), len(log))
	}
}

func TestLogLevel(t *testing.T) {
	c, cfg := open(t, options{log: newLog(t, t.TempDir(), slog.LevelError)})
	cfg.Log.Warn("hidden")
	cfg.Log.Error("shown")
	c.Close()
	log, err := os.ReadFile(cfg.LogPath)
	if err != nil || strings.Contains(string(log), "hidden") || !strings.Contains(string(log), "shown") {
		t.Errorf("%s, %v", log, err)
	}
}

func TestNixOutputMonitorGetsTheRawStream(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nom"), []byte("#!/bin/sh\n[ \"$1\" = --json ] && cat > "+dir+"/got\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	talk, err := os.Create(dir + "/talk") // a file, as a terminal is one: both write to it
	if err != nil {
		t.Fatal(err)
	}
	defer talk.Close()
	c, cfg := open(t, options{err: talk, nom: &run.Exec{Environ: []string{"PATH=" + dir + ":" + os.Getenv("PATH")}}})
	line := `@nix {"action":"start","id":1,"type":105}`
	cfg.Output("preflight", run.Stderr, line)
	cfg.Events(journal.Event{Type: "step", Step: "build", Status: journal.Running})
	cfg.Output("build", run.Stderr, line)
	cfg.Output("build", run.Stderr, "warning: not of Nix")
	cfg.Events(journal.Event{Type: "step", Step: "build", Status: journal.Done})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(dir + "/got")
	if err != nil || string(got) != line+"\n" {
		t.Errorf("nom got %q, %v", got, err)
	}
	if shown, err := os.ReadFile(dir + "/talk"); err != nil || !strings.Contains(string(shown), "warning: not of Nix") {
		t.Errorf("shown: %q, %v", shown, err)
	}
}

// A process whose terminal goes away, as when an SSH connection breaks, ends its run.
func TestALostTerminalDoesNotEndTheRun(t *testing.T) {
	dir := t.TempDir()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "QUICK_DEPLOY_TEST_HANGUP="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(dir + "/started"); err == nil {
			break
		}
		if time.Since(start) > time.Minute {
			t.Error("the command did not start")
			break
		}
	}
	master.Close() // the kernel sends SIGHUP to the session, and every write fails with EIO
	if err := cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	if _, err := os.Stat(dir + "/ended"); err != nil {
		t.Error("the command that was at work was not ended")
	}
}

// hangupChild is a run that takes a while and talks all the time.
func hangupChild(dir string) int {
	log, err := logfile.Open(dir, logfile.Options{Kind: logfile.Deploy, Now: time.Now})
	if err != nil {
		return 1
	}
	defer log.Close()
	c := New(os.Stdin, os.Stdout, os.Stderr).Open(log, nil)
	var cfg deploy.Config
	c.Attach(&cfg)
	cfg.Events(journal.Event{Type: "step", Step: "activate-system", Status: journal.Running})
	x := &run.Exec{Environ: os.Environ()}
	_, err = x.Run(context.Background(), run.Command{
		Name: "/bin/sh", Args: []string{"-c", "touch " + dir + "/started; i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.02; done; touch " + dir + "/ended"},
		OnLine: func(s run.Stream, l string) { cfg.Output("activate-system", s, l) },
	})
	if err != nil {
		return 2
	}
	if yes, err := cfg.Confirm(context.Background(), deploy.Question{Text: "still there?"}); yes || err != nil {
		return 3
	}
	c.Close()
	return 0
}
