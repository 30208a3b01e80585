package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/creack/pty"
)

// In zsh a completion runs on a terminal only.
func TestCompletionInZsh(t *testing.T) {
	zsh, err := exec.LookPath("zsh")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	script, err := exec.CommandContext(t.Context(), "quick-deploy", "completion", "zsh").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "qd.zsh"), script, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), zsh, "-f", "-i")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TERM=dumb", "PS1=ready> ", "HOME="+dir, "QUICK_DEPLOY_ROOT="+dir)
	x := begin(t, cmd, &pty.Winsize{Cols: 200, Rows: 50})
	x.see("ready>")
	// The new prompt, which is not what is typed, stands there once the line is done.
	x.typed("autoload -U compinit; compinit -u -d dump; source ./qd.zsh; PS1='so''urced> '\r")
	x.see("sourced>")
	for _, c := range []struct{ line, want string }{
		{"echo x; quick-deploy services show graf\t", "grafana"},
		{"\x15quick-deploy init --package bundle:ai-d\t", "bundle:ai-data"},
		{"\x15quick-deploy completion \t", "print the script for fish"},
	} {
		x.typed(c.line)
		x.see(c.want)
	}
	x.typed("\x15exit\r")
	x.end()
}
