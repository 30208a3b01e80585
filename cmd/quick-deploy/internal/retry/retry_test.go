package retry

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
)

// fakeNetwork fails the first n times.
type fakeNetwork struct {
	fails  int
	says   string
	calls  int
	clock  time.Duration
	waits  []time.Duration
	cancel func()
}

var errDown = errors.New("exit code 1")

func (f *fakeNetwork) attempt(int) *Failure {
	f.calls++
	if f.calls <= f.fails {
		return &Failure{Err: errDown, Cause: nixlog.Read(f.says).Cause}
	}
	return nil
}

func (f *fakeNetwork) sleep(ctx context.Context, d time.Duration) error {
	f.waits = append(f.waits, d)
	f.clock += d
	if f.cancel != nil {
		f.cancel()
	}
	return ctx.Err()
}

func TestAttemptsAndWaits(t *testing.T) {
	const down = "error: unable to download 'https://cache.nixos.org/x': Couldn't resolve host name (6)"
	const limit = "error: unable to download 'https://x.org/y': HTTP error 429\n\n       response body:\n\n       Retry-After: "
	second := time.Second
	for name, c := range map[string]struct {
		policy Policy
		fails  int
		says   string
		calls  int
		waits  []time.Duration
		err    bool
		spent  bool
	}{
		"no failure":      {Default(), 0, down, 1, nil, false, false},
		"four failures":   {Default(), 4, down, 5, []time.Duration{2 * second, 4 * second, 8 * second, 16 * second}, false, false},
		"always":          {Default(), 99, down, 5, []time.Duration{2 * second, 4 * second, 8 * second, 16 * second}, true, true},
		"capped":          {Policy{Attempts: 7}, 99, down, 7, []time.Duration{2 * second, 4 * second, 8 * second, 16 * second, 16 * second, 16 * second}, true, true},
		"once":            {Policy{Attempts: 1}, 99, down, 1, nil, true, true},
		"server's wait":   {Default(), 1, limit + "9", 2, []time.Duration{9 * second}, false, false},
		"server too long": {Default(), 99, limit + "3600", 1, nil, true, true},
		"hash mismatch":   {Default(), 99, "error: hash mismatch in fixed-output derivation '/nix/store/x.drv':", 1, nil, true, false},
		"evaluation":      {Default(), 99, "error: undefined variable 'x'", 1, nil, true, false},
		"not found":       {Default(), 99, "error: unable to download 'https://x.org/y': HTTP error 404", 1, nil, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fakeNetwork{fails: c.fails, says: c.says}
			var notices []Notice
			c.policy.Sleep, c.policy.Notify = f.sleep, func(n Notice) { notices = append(notices, n) }
			err := c.policy.Do(t.Context(), f.attempt)
			if f.calls != c.calls || !slices.Equal(f.waits, c.waits) || (err != nil) != c.err {
				t.Errorf("%d calls, waits %v, %v; want %d, %v", f.calls, f.waits, err, c.calls, c.waits)
			}
			if len(notices) != len(c.waits) {
				t.Errorf("%d notices for %d waits", len(notices), len(c.waits))
			}
			var spent *SpentError
			if errors.As(err, &spent) != c.spent {
				t.Errorf("spent: %v", err)
			}
			if c.spent && spent.Attempts != c.calls {
				t.Errorf("the error counts %d attempts", spent.Attempts)
			}
			if c.err && !errors.Is(err, errDown) {
				t.Errorf("the command's own error is lost: %v", err)
			}
		})
	}
}

func TestJitterStaysWithinItsPart(t *testing.T) {
	for _, r := range []float64{0, 0.5, 0.999} {
		f := &fakeNetwork{fails: 4, says: "ssh: connect to host one port 22: Connection timed out"}
		p := Policy{Attempts: 5, Jitter: func() float64 { return r }, Sleep: f.sleep}
		if err := p.Do(t.Context(), f.attempt); err != nil {
			t.Fatal(err)
		}
		for i, w := range f.waits {
			base := 2 * time.Second << i
			if w < base*8/10 || w > base*12/10 {
				t.Errorf("jitter %v: wait %d is %s, not within a fifth of %s", r, i, w, base)
			}
		}
	}
}

func TestCancelledWaitReturnsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := &fakeNetwork{fails: 99, says: "ssh: connect to host one port 22: Connection timed out", cancel: cancel}
	err := Policy{Attempts: 5, Sleep: f.sleep}.Do(ctx, f.attempt)
	if !errors.Is(err, context.Canceled) || f.calls != 1 {
		t.Errorf("%d calls, %v", f.calls, err)
	}
}
