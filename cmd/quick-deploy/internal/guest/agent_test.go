package guest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// late answers as a guest agent does, but the first guest-info of each connection only when the next request is there.
// A request is told apart from what came before it by the byte of guest-sync-delimited.
func late(t *testing.T, l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		t.Cleanup(func() { c.Close() })
		go func() {
			var owed []byte
			fmt.Fprint(c, "{\"return\": \"left by somebody else\"}\n")
			for in := bufio.NewScanner(c); in.Scan(); {
				var request struct {
					Execute   string
					Arguments struct{ ID int64 }
				}
				_, line, delimited := bytes.Cut(in.Bytes(), []byte{0xff})
				if !delimited {
					line = in.Bytes()
				}
				if json.Unmarshal(line, &request) != nil {
					t.Errorf("garbled: %q", in.Text())
				}
				c.Write(owed)
				owed = nil
				switch request.Execute {
				case "guest-sync-delimited":
					fmt.Fprintf(c, "{\"return\": 4711}\n\xff{\"return\": 4711}\n\xff{\"return\": %d}\n", request.Arguments.ID)
				case "guest-info":
					owed = []byte("{\"return\": \"late\"}\n")
				case "guest-ping":
					fmt.Fprint(c, "{\"return\": \"in time\"}\n")
				case "guest-exec":
					fmt.Fprint(c, "{\"return\": {\"pid\": 7}}\n")
				case "guest-exec-status":
					fmt.Fprint(c, "{\"return\": {\"exited\": true, \"exitcode\": 0, \"out-data\": \"eA==\", \"out-truncated\": true}}\n")
				default:
					fmt.Fprintf(c, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"unknown command %s\"}}\n", request.Execute)
				}
			}
		}()
	}
}

// An answer that comes too late is not taken for the one to the next request.
func TestLateAnswer(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, agentSocket))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go late(t, l)
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	a := &agent{dir: folder}
	defer a.close()
	if err := a.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		var got string
		if err := a.call(ctx, "guest-info", nil, &got); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%q, %v", got, err)
		}
		cancel()
		if err := a.call(t.Context(), "guest-ping", nil, &got); err != nil || got != "in time" {
			t.Errorf("%q, %v", got, err)
		}
	}
	// The agent keeps 16 MiB (qga/commands.c), from the beginning: the end, which a Result has, is lost.
	res, err := inside{agent: a}.Run(t.Context(), run.Command{Name: "yes"})
	if err == nil || !strings.Contains(err.Error(), "wrote more than the guest agent keeps") || res.Stdout != "x" {
		t.Errorf("%+v, %v", res, err)
	}
	if err := a.call(t.Context(), "guest-none", nil, nil); err == nil || err.Error() != "guest-none: unknown command guest-none" {
		t.Errorf("%v", err)
	}
}

// What the script says when QEMU does not start is the reason that is given, and nothing is left.
func TestQEMUDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "run-atlas-vm")
	const text = "#!/bin/sh\necho starting\ncd \"$TMPDIR\" && echo x > left\necho 'qemu: -netdev user: Could not set up a rule' >&2\nexit 1\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	m, err := Start(t.Context(), &run.Exec{Environ: os.Environ()}, Options{Script: script, Dir: parent})
	if err != nil {
		t.Fatal(err)
	}
	const want = "the virtual machine has ended: qemu: -netdev user: Could not set up a rule"
	if err := m.Ready(t.Context()); !errors.Is(err, ErrEnded) || err.Error() != want {
		t.Errorf("ready: %v", err)
	}
	if err := m.Wait(t.Context()); !errors.Is(err, ErrEnded) || err.Error() != want {
		t.Errorf("wait: %v", err)
	}
	if err := m.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A machine whose agent never comes is ended when the caller's time is over, with all that its script has started.
func TestMachineWithoutAgent(t *testing.T) {
	dir := t.TempDir()
	script, pid := filepath.Join(dir, "run-atlas-vm"), filepath.Join(dir, "pid")
	text := "#!/bin/sh\ntrap '' TERM\nsleep 4712 & echo $! > " + run.Quote(pid) + "\nwait\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	m, err := Start(t.Context(), &run.Exec{Environ: os.Environ(), Grace: 100 * time.Millisecond}, Options{Script: script, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(pid); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the script has not started")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := m.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "guest agent does not answer") {
		t.Errorf("%v", err)
	}
	if err := m.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := m.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if left := processes(t, "4712"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
