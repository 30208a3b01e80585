// Package retry repeats commands that failed because of the network, and only those.
//
// What a command wrote decides, as package nixlog reads it. A hash mismatch, a file that does
// not exist, an evaluation error or a full disk is the same on the next try and is never repeated.
package retry

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
)

// Policy says how often something is tried, and how it is waited. The zero one is once.
type Policy struct {
	Attempts int                                              // in all, with the first
	Jitter   func() float64                                   // gives numbers in [0,1); nil: no randomness
	Sleep    func(ctx context.Context, d time.Duration) error // returns early with the context's error; nil: Sleep
	Notify   func(Notice)                                     // nil: nobody is told
}

const (
	first     = 2 * time.Second  // wait after the first failure; each is twice the one before
	longest   = 16 * time.Second // but no longer than this
	maxServer = 2 * time.Minute  // a server that asks for a longer wait ends the tries at once
	random    = 0.2              // part of a wait that is
)

// Default is one try and four more, with 2 s, 4 s, 8 s and 16 s between, a fifth of them random.
func Default() Policy { return Policy{Attempts: 5} }

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

// Failed is the failure of a command that wrote this to stderr. Its Err is a *[ReadError], so that whoever shows it
// need not read that again.
func Failed(err error, stderr string) *Failure {
	cause := nixlog.Read(stderr).Cause
	return &Failure{Err: &ReadError{Err: err, Cause: cause}, Cause: cause}
}

// ReadError is a command's error, and why it failed by what it wrote. It says what Err says.
type ReadError struct {
	Err   error
	Cause nixlog.Error
}

func (e *ReadError) Error() string { return e.Err.Error() }
func (e *ReadError) Unwrap() error { return e.Err }

// Notice is told before each wait.
type Notice struct {
	Attempt int // the one that failed, from 1
	Of      int
	Wait    time.Duration
	Kind    nixlog.Kind
	Reason  string // the cause in one line
}

func (n Notice) String() string {
	return fmt.Sprintf("attempt %d of %d failed (%s: %s); trying again in %s",
		n.Attempt, n.Of, n.Kind, n.Reason, n.Wait.Round(100*time.Millisecond))
}

// SpentError is a network failure that lasted through all attempts.
type SpentError struct {
	Attempts int
	Kind     nixlog.Kind
	Reason   string
	Err      error
}

// Error leaves the command out, which the chain has: it is no part of the reason.
func (e *SpentError) Error() string {
	if e.Attempts == 1 {
		return "network: " + e.Reason
	}
	return fmt.Sprintf("network, after %d attempts: %s", e.Attempts, e.Reason)
}

func (e *SpentError) Unwrap() error { return e.Err }

// Do calls attempt until it succeeds, fails for a reason that waiting does not
// mend, or the attempts are spent.
func (p Policy) Do(ctx context.Context, attempt func(n int) *Failure) error {
	sleep, backoff := p.Sleep, first
	if sleep == nil {
		sleep = Sleep
	}
	for n := 1; ; n++ {
		f := attempt(n)
		if f == nil {
			return nil
		}
		kind, reason, after := f.Cause.Kind, f.Cause.Line(), f.Cause.After()
		switch {
		case ctx.Err() != nil, !kind.Temporary():
			return f.Err
		case n >= p.Attempts, after > maxServer:
			return &SpentError{Attempts: n, Kind: kind, Reason: reason, Err: f.Err}
		}
		wait := backoff
		if p.Jitter != nil {
			wait += time.Duration((2*p.Jitter() - 1) * random * float64(wait))
		}
		// The server knows better than any formula.
		wait = cmp.Or(after, min(wait, longest))
		backoff = min(2*backoff, longest)
		if p.Notify != nil {
			p.Notify(Notice{Attempt: n, Of: p.Attempts, Wait: wait, Kind: kind, Reason: reason})
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}
