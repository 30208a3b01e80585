package elevate

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// recorder is a run.Runner that only writes down; it knows the programs in have and refuses those in fail.
type recorder struct {
	mu   sync.Mutex
	have []string
	fail []string
	ran  []string
	do   func(run.Command)
}

func (r *recorder) LookPath(name string) (string, error) {
	if slices.Contains(r.have, name) {
		return "/bin/" + name, nil
	}
	return "", exec.ErrNotFound
}

func (r *recorder) Run(_ context.Context, c run.Command) (run.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := c.String()
	if c.Terminal {
		text += " [terminal]"
	}
	r.ran = append(r.ran, text)
	if r.do != nil {
		r.do(c)
	}
	if slices.Contains(r.fail, c.String()) {
		return run.Result{Code: 1}, &run.Error{Command: c.String(), Code: 1}
	}
	return run.Result{}, nil
}

func (r *recorder) commands() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ran)
}

func TestWrap(t *testing.T) {
	c := run.Command{Name: "/s/bin/switch-to-configuration", Args: []string{"test"}, Elevate: true, Env: []string{"NIXOS_NO_CHECK=1"}}
	as := run.Command{Name: "/h/activate", As: "eve", Env: []string{"HOME_MANAGER_BACKUP_EXT=x"}}
	for name, k := range map[string]struct {
		cfg  Config
		c    run.Command
		want string
	}{
		"sudo":             {Config{Method: Sudo, UID: 1000}, c, "sudo -n -- env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"sudo as":          {Config{Method: Sudo, UID: 1000}, as, "sudo -n -H -u eve -- env HOME_MANAGER_BACKUP_EXT=x /h/activate"},
		"doas, terminal":   {Config{Method: Doas, UID: 1000, Terminal: true}, c, "doas -- env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"doas":             {Config{Method: Doas, UID: 1000}, as, "doas -n -u eve -- env HOME_MANAGER_BACKUP_EXT=x /h/activate"},
		"run0":             {Config{Method: Run0, UID: 1000}, c, "run0 --background= --pipe --no-ask-password -- env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"run0 as":          {Config{Method: Run0, UID: 1000, Terminal: true}, as, "run0 --background= --pipe --user=eve -- env HOME_MANAGER_BACKUP_EXT=x /h/activate"},
		"root":             {Config{Method: Auto, UID: 0, AllowRoot: true}, c, "env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"root as":          {Config{Method: Auto, UID: 0, AllowRoot: true, Path: "/p", Lookup: account}, as, "setpriv --reuid 1001 --regid 100 --init-groups --reset-env -- env PATH=/p env HOME_MANAGER_BACKUP_EXT=x /h/activate"},
		"nothing to do":    {Config{Method: Sudo, UID: 1000}, run.Command{Name: "nix", Args: []string{"build"}}, "nix build"},
		"auto takes sudo":  {Config{UID: 1000}, run.Command{Name: "id", Elevate: true}, "sudo -n -- id"},
		"detached by sudo": {Config{Method: Sudo, UID: 1000, Systemd: true}, run.Command{Name: "/s/stc", Args: []string{"boot"}, Elevate: true, Env: []string{"A=b"}, Detach: &run.Detach{Unit: "qd", Log: "/l"}}, "sudo -n -- systemd-run --collect --no-ask-password --quiet --wait --service-type=exec --unit=qd --property=StandardOutput=append:/l --property=StandardError=append:/l --setenv=A=b --setenv=LOCALE_ARCHIVE --setenv=NIXOS_INSTALL_BOOTLOADER -- /s/stc boot"},
		"no systemd":       {Config{Method: Sudo, UID: 1000}, run.Command{Name: "/s/stc", Elevate: true, Detach: &run.Detach{Unit: "qd", Log: "/l"}}, "sudo -n -- /s/stc"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := New(&recorder{have: []string{"sudo", "doas", "run0"}}, k.cfg)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Wrap(k.c)
			if err != nil || got.String() != k.want {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.String(), k.want)
			}
			if got.Elevate || got.As != "" || got.Detach != nil {
				t.Errorf("something is left to do: %+v", got)
			}
		})
	}
}

func account(name string) (*user.User, error) {
	if name != "eve" {
		return nil, user.UnknownUserError(name)
	}
	return &user.User{Username: name, Uid: "1001", Gid: "100", HomeDir: "/home/eve"}, nil
}

// With the real setpriv, where the tests run as root: another user's command has that user's identity and home.
func TestRootBecomesAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	r, err := New(&run.Exec{Environ: os.Environ()}, Config{UID: 0, AllowRoot: true, Path: os.Getenv("PATH")})
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Run(t.Context(), run.Command{Name: "/bin/sh", Args: []string{"-c", "id -un; echo $HOME; echo $X; echo $PATH"}, As: "nobody", Env: []string{"X=y"}})
	if want := "nobody\n" + nobody.HomeDir + "\ny\n" + os.Getenv("PATH") + "\n"; err != nil || res.Stdout != want {
		t.Errorf("%v, %q, want %q", err, res.Stdout, want)
	}
}

func TestRefusals(t *testing.T) {
	for name, k := range map[string]struct {
		cfg  Config
		have []string
		want fault.Code
	}{
		"root":            {Config{UID: 0}, nil, fault.Preflight},
		"unknown method":  {Config{UID: 1000, Method: "su"}, nil, fault.Usage},
		"missing method":  {Config{UID: 1000, Method: Doas}, []string{"sudo"}, fault.NotFound},
		"root, any other": {Config{UID: 0, Method: Sudo}, []string{"sudo"}, fault.Preflight},
	} {
		_, err := New(&recorder{have: k.have}, k.cfg)
		if fault.CodeOf(err) != k.want || len(fault.HintsOf(err)) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Without any way to become root, everything else works.
	r, err := New(&recorder{}, Config{UID: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(t.Context(), run.Command{Name: "nix"}); err != nil {
		t.Error(err)
	}
	if _, err := r.Run(t.Context(), run.Command{Name: "nix-env", Elevate: true}); fault.CodeOf(err) != fault.Preflight {
		t.Errorf("%v", err)
	}
}

func TestThePasswordIsAskedForOnceAndOnlyWhenNeeded(t *testing.T) {
	rec := &recorder{have: []string{"sudo"}, fail: []string{"sudo -n -v"}}
	r, err := New(rec, Config{UID: 1000, Terminal: true, Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, c := range []run.Command{{Name: "nixos-rebuild"}, {Name: "a", Elevate: true}, {Name: "b", Elevate: true}, {Name: "c", As: "eve"}} {
		if _, err := r.Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"nixos-rebuild", "sudo -n -v", "sudo -v [terminal]", "sudo -n -- a", "sudo -n -- b", "sudo -n -H -u eve -- c"}
	if got := rec.commands(); !slices.Equal(got, want) {
		t.Errorf("ran %q, want %q", got, want)
	}
}

func TestNoTerminalNoQuestion(t *testing.T) {
	rec := &recorder{have: []string{"sudo"}, fail: []string{"sudo -n -v"}}
	r, err := New(rec, Config{UID: 1000})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Run(t.Context(), run.Command{Name: "a", Elevate: true})
	if fault.CodeOf(err) != fault.Preflight || !strings.Contains(err.Error(), "no terminal") {
		t.Errorf("%v", err)
	}
	if got := rec.commands(); !slices.Equal(got, []string{"sudo -n -v"}) {
		t.Errorf("ran %q", got)
	}
}

func TestTheTicketIsKeptFreshUntilClose(t *testing.T) {
	rec := &recorder{have: []string{"sudo"}}
	r, err := New(rec, Config{UID: 1000, Interval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Prime(t.Context()); err != nil {
		t.Fatal(err)
	}
	for len(rec.commands()) < 3 {
		time.Sleep(time.Millisecond)
	}
	r.Close()
	n := len(rec.commands())
	time.Sleep(10 * time.Millisecond)
	if got := len(rec.commands()); got != n {
		t.Errorf("%d renewals after Close", got-n)
	}
}

func TestDetachedOutputIsFollowed(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte("of an earlier run\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rec := &recorder{have: []string{"sudo"}, do: func(c run.Command) {
		if !strings.Contains(c.String(), "systemd-run") {
			return
		}
		f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		f.WriteString("starting units\nhalf a ")
		time.Sleep(2 * poll)
		f.WriteString("line\nno end")
	}}
	r, err := New(rec, Config{UID: 1000, Systemd: true, Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	_, err = r.Run(t.Context(), run.Command{Name: "/s/stc", Elevate: true, Detach: &run.Detach{Unit: "u", Log: log}, OnLine: func(_ run.Stream, l string) { got = append(got, l) }})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"starting units", "half a line", "no end"}; !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
}

func TestInterruptedQuestion(t *testing.T) {
	r, err := New(cancelled{}, Config{UID: 1000, Terminal: true, Method: Sudo})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(t.Context(), run.Command{Name: "a", Elevate: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type cancelled struct{}

func (cancelled) LookPath(string) (string, error) { return "/bin/sudo", nil }
func (cancelled) Run(context.Context, run.Command) (run.Result, error) {
	return run.Result{Code: -1}, &run.Error{Err: context.Canceled}
}

// killable is a recorder that takes a Kill, as run.Exec does.
type killable struct {
	recorder
	kill func(int, syscall.Signal) error
}

func (k *killable) SetKill(f func(int, syscall.Signal) error) { k.kill = f }

func TestARootChildIsStoppedAsRoot(t *testing.T) {
	k := &killable{recorder: recorder{have: []string{"sudo"}}}
	if _, err := New(k, Config{UID: 1000}); err != nil {
		t.Fatal(err)
	}
	if err := k.kill(4711, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := k.commands(); !slices.Equal(got, []string{"sudo -n -- kill -15 -- -4711"}) {
		t.Errorf("ran %q", got)
	}
}

func TestTheScreenMakesWayForAPassword(t *testing.T) {
	for method, want := range map[Method]string{Sudo: "sudo -n -v, ask, sudo -v [terminal], asked, sudo -n -- a", Doas: "ask, doas -- a [terminal], asked"} {
		rec := &recorder{have: []string{"sudo", "doas"}, fail: []string{"sudo -n -v"}}
		r, err := New(rec, Config{UID: 1000, Terminal: true, Method: method, Interval: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		r.SetAsk(func(asking bool) {
			rec.mu.Lock()
			defer rec.mu.Unlock()
			rec.ran = append(rec.ran, map[bool]string{true: "ask", false: "asked"}[asking])
		})
		if _, err := r.Run(t.Context(), run.Command{Name: "a", Elevate: true}); err != nil {
			t.Fatal(err)
		}
		r.Close()
		if got := strings.Join(rec.commands(), ", "); got != want {
			t.Errorf("%s: %s", method, got)
		}
	}
}
