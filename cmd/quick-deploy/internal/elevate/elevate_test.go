package elevate

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"sync"
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
	for name, k := range map[string]struct {
		cfg  Config
		c    run.Command
		want string
	}{
		"sudo":            {Config{Method: Sudo, UID: 1000}, c, "sudo -n -- env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"doas, terminal":  {Config{Method: Doas, UID: 1000, Terminal: true}, c, "doas -- env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"doas":            {Config{Method: Doas, UID: 1000}, c, "doas -n -- env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"sudo, terminal":  {Config{Method: Sudo, UID: 1000, Terminal: true}, c, "sudo -- env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"run0":            {Config{Method: Run0, UID: 1000}, c, "run0 --background= --pipe --no-ask-password -- env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"root":            {Config{Method: Auto, UID: 0, AllowRoot: true}, c, "env NIXOS_NO_CHECK=1 /s/bin/switch-to-configuration test"},
		"nothing to do":   {Config{Method: Sudo, UID: 1000}, run.Command{Name: "nix", Args: []string{"build"}}, "nix build"},
		"auto takes sudo": {Config{UID: 1000}, run.Command{Name: "id", Elevate: true}, "sudo -n -- id"},
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
			if got.Elevate {
				t.Errorf("something is left to do: %+v", got)
			}
		})
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
	rec := &recorder{have: []string{"sudo"}, fail: []string{"sudo -n true"}}
	r, err := New(rec, Config{UID: 1000, Terminal: true, Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, c := range []run.Command{{Name: "nixos-rebuild"}, {Name: "a", Elevate: true}, {Name: "b", Elevate: true}} {
		if _, err := r.Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"nixos-rebuild", "sudo -n true", "sudo -v [terminal]", "sudo -- a [terminal]", "sudo -- b [terminal]"}
	if got := rec.commands(); !slices.Equal(got, want) {
		t.Errorf("ran %q, want %q", got, want)
	}
}

func TestNoTerminalNoQuestion(t *testing.T) {
	rec := &recorder{have: []string{"sudo"}, fail: []string{"sudo -n true"}}
	r, err := New(rec, Config{UID: 1000})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Run(t.Context(), run.Command{Name: "a", Elevate: true})
	if fault.CodeOf(err) != fault.Preflight || !strings.Contains(err.Error(), "no terminal") {
		t.Errorf("%v", err)
	}
	if got := rec.commands(); !slices.Equal(got, []string{"sudo -n true"}) {
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

func TestTheScreenMakesWayForAPassword(t *testing.T) {
	for method, want := range map[Method]string{Sudo: "sudo -n true, ask, sudo -v [terminal], asked, ask, sudo -- a [terminal], asked", Doas: "ask, doas -- a [terminal], asked"} {
		rec := &recorder{have: []string{"sudo", "doas"}, fail: []string{"sudo -n true"}}
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
