package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

const plainProfile = "version: 1\nhosts: {atlas: {system: x86_64-linux, stateVersion: \"26.05\"}}\n"

// Without a home nothing is written anywhere.
func TestHomeIsNeeded(t *testing.T) {
	for _, home := range []string{"", "relative", "./x"} {
		t.Chdir(t.TempDir())
		if err := os.WriteFile("quick-deploy.yaml", []byte(plainProfile), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("XDG_CONFIG_HOME", "")
		t.Setenv("HOME", home)
		var out bytes.Buffer
		if code := quickDeploy([]string{"quick-deploy", "--no-probe", "--yes", "generate"}, strings.NewReader(""), &out, &out); code != fault.Usage {
			t.Errorf("HOME=%q: exit code %d: %s", home, code, out.String())
		}
		if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
			t.Errorf("HOME=%q: %v, %v", home, entries, err)
		}
	}
}

// What the configuration of the flake's own repository names is not run.
func TestRepositoryRunsNothing(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir := t.TempDir()
	mark, script := filepath.Join(dir, "ran"), filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho x > "+mark+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	flake := filepath.Join(dir, "flake")
	for _, args := range [][]string{{"init", "-q", flake}, {"-C", flake, "config", "core.fsmonitor", script}, {"-C", flake, "config", "core.hooksPath", dir}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if err := os.Link(script, filepath.Join(dir, "post-index-change")); err != nil {
		t.Fatal(err)
	}
	out, code := said(t, map[string]string{"quick-deploy.yaml": plainProfile}, "--flake", flake, "generate")
	if code != fault.OK {
		t.Fatal(out)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a program that the repository names was run")
	}
}

// SIGQUIT ends a question as an interrupt does.
func TestQuitIsAnInterrupt(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("HOME", dir)
	t.Setenv("ACCESSIBLE", "1")
	in, typed := io.Pipe()
	defer typed.Close()
	asked := make(chan struct{})
	code := make(chan fault.Code, 1)
	go func() {
		code <- quickDeploy([]string{"quick-deploy", "--no-probe", "init"}, in, io.Discard, &first{seen: asked})
	}()
	select {
	case <-asked:
	case <-time.After(ample):
		t.Fatal("nothing was asked")
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-code:
		if got != fault.Interrupted {
			t.Errorf("exit code %d", got)
		}
	case <-time.After(ample):
		t.Fatal("it goes on")
	}
}

// first closes seen at the first write.
type first struct {
	seen chan struct{}
	done bool
}

func (f *first) Write(p []byte) (int, error) {
	if !f.done {
		f.done = true
		close(f.seen)
	}
	return len(p), nil
}
