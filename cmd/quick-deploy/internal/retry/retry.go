// Package retry repeats commands that failed because of the network, and only those.
//
// What a command wrote decides, as package nixlog reads it. A hash mismatch, a file that does not exist, an evaluation error or a full
// disk is the same on the next try and is never repeated.
package retry

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
)

// Policy says how often and how long apart. The zero Policy is not useful, see Default.
type Policy struct {
	Attempts int           // in all, with the first
	First    time.Duration // wait after the first failure
	Max      time.Duration // longest wait, also of what a server asks for when it asks for more than MaxServer
	// MaxServer is the longest Retry-After that is waited for; a server that
	// asks for more ends the tries at once.
	MaxServer time.Duration
	Jitter    float64 // part of a wait that is random, 0 to 1
}

// Default is one try and four more, with 2 s, 4 s, 8 s and 16 s between, a fifth of them random.
func Default() Policy {
	return Policy{Attempts: 5, First: 2 * time.Second, Max: 16 * time.Second, MaxServer: 2 * time.Minute, Jitter: 0.2}
}

// Sleep waits for d, or until ctx ends and returns its error.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Failure is why an attempt failed, as the caller sees it.
type Failure struct {
	Err   error
	Cause nixlog.Error // of which the kind says whether waiting may help
}

// Notice is told before each wait.
type Notice struct {
	Attempt int // the one that failed, from 1
	Of      int
	Wait    time.Duration
	Kind    nixlog.Kind
	Reason  string // the cause in one line
}

func (n Notice) String() string {
	return fmt.Sprintf("attempt %d of %d failed (%s: %s); the next in %s", n.Attempt, n.Of, n.Kind, n.Reason, n.Wait.Round(100*time.Millisecond))
}

// SpentError is a network failure that lasted through all attempts.
type SpentError struct {
	Attempts int
	Kind     nixlog.Kind
	Reason   string
	Err      error
}

func (e *SpentError) Error() string {
	if e.Attempts == 1 {
		return fmt.Sprintf("network: %s: %v", e.Reason, e.Err)
	}
	return fmt.Sprintf("network, after %d attempts: %s: %v", e.Attempts, e.Reason, e.Err)
}

func (e *SpentError) Unwrap() error { return e.Err }

// Do calls attempt until it succeeds, fails for a reason that waiting does not
// mend, or the attempts are spent. jitter gives numbers in [0,1), nil: no
// randomness; sleep waits and returns early with ctx's error.
func (p Policy) Do(ctx context.Context, jitter func() float64, sleep func(context.Context, time.Duration) error, notify func(Notice), attempt func(n int) *Failure) error {
	waits := backoff.ExponentialBackOff{InitialInterval: p.First, Multiplier: 2, MaxInterval: p.Max}
	waits.Reset()
	for n := 1; ; n++ {
		f := attempt(n)
		if f == nil {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return f.Err
		}
		kind, reason, after := f.Cause.Kind, f.Cause.Line(), f.Cause.After()
		if !kind.Temporary() {
			return f.Err
		}
		if n >= max(1, p.Attempts) || after > p.MaxServer {
			return &SpentError{Attempts: n, Kind: kind, Reason: reason, Err: f.Err}
		}
		wait := waits.NextBackOff()
		if jitter != nil && p.Jitter > 0 {
			wait += time.Duration((2*jitter() - 1) * p.Jitter * float64(wait))
		}
		wait = min(wait, p.Max)
		if after > 0 {
			wait = after // the server knows better than any formula
		}
		if notify != nil {
			notify(Notice{Attempt: n, Of: p.Attempts, Wait: wait, Kind: kind, Reason: reason})
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}
