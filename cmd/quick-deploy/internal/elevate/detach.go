package elevate

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// detached wraps c into a transient systemd service. systemd-run waits for it
// and hands on its exit code; if this program or its terminal goes away, the
// service goes on. Its output goes to a file and not through a pipe to us: a
// pipe would break in the middle of the activation (nixpkgs #463029).
func detached(c run.Command) run.Command {
	args := []string{
		"--collect", "--no-ask-password", "--quiet", "--wait", "--service-type=exec",
		"--unit=" + c.Detach.Unit,
		"--property=StandardOutput=append:" + c.Detach.Log,
		"--property=StandardError=append:" + c.Detach.Log,
	}
	for _, kv := range c.Env {
		args = append(args, "--setenv="+kv)
	}
	args = append(args, "--setenv=LOCALE_ARCHIVE", "--setenv=NIXOS_INSTALL_BOOTLOADER", "--", c.Name)
	c.Args = append(args, c.Args...)
	c.Name, c.Env = "systemd-run", nil
	return c
}

// poll is how often a followed file is looked at.
const poll = 100 * time.Millisecond

// follow hands the lines that are appended to the file from now on to each,
// until the returned function is called, which first reads what is left.
func follow(path string, each func(run.Stream, string)) func() {
	if each == nil {
		return func() {}
	}
	f, err := os.Open(path)
	if err != nil {
		each(run.Stderr, "the output of the activation cannot be shown: "+err.Error())
		return func() {}
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		f.Close()
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer f.Close()
		r := bufio.NewReader(f)
		var partial strings.Builder
		for last := false; ; {
			s, err := r.ReadString('\n')
			partial.WriteString(s)
			if err == nil {
				each(run.Stdout, strings.TrimRight(partial.String(), "\r\n"))
				partial.Reset()
				continue
			}
			if !errors.Is(err, io.EOF) || last {
				if partial.Len() > 0 {
					each(run.Stdout, partial.String())
				}
				return
			}
			select {
			case <-quit:
				last = true
			case <-time.After(poll):
			}
		}
	}()
	return func() { close(quit); <-done }
}
