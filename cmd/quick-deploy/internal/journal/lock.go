package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
)

// Holder is who holds the lock.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Verb    string    `json:"verb"`
	Started time.Time `json:"started"`
}

// lockPoll is how often a lock that another run holds is tried.
const lockPoll = 200 * time.Millisecond

// Lock takes the advisory lock of the state directory, and waits for s.Wait if another run holds it. The lock lies on a
// file that is never replaced; who holds it stands in lock.json beside it. The kernel drops the lock when its holder
// ends, however it ends.
func (s *Store) Lock(ctx context.Context, h Holder) (unlock func(), err error) {
	l := flock.New(s.Path("lock"), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err == nil && !ok && s.Wait > 0 {
		wait, cancel := context.WithTimeout(ctx, s.Wait)
		defer cancel()
		ok, err = l.TryLockContext(wait, lockPoll)
		if errors.Is(err, context.DeadlineExceeded) {
			err = nil // it is still held
		}
	}
	if errors.Is(err, context.Canceled) {
		return nil, fault.New(fault.Interrupted, "interrupted while another run was waited for")
	}
	if err != nil {
		return nil, fault.New(fault.Preflight, "lock %s: %w", s.Path("lock"), err)
	}
	if !ok {
		e := fault.New(fault.Locked, "another quick-deploy is running on this machine")
		if other, err := s.Holder(); err == nil && other.PID != 0 {
			e = fault.New(fault.Locked, "another quick-deploy is running: %s, process %d on %s, since %s",
				other.Verb, other.PID, other.Host, other.Started.Format(time.DateTime))
		}
		return nil, e.Hint("wait for it to end, --lock-timeout does; the lock goes with the process, " +
			"no file needs to be removed")
	}
	if err := s.Write("lock.json", h); err != nil {
		_ = l.Unlock() // the write error is the one to report
		return nil, err
	}
	return func() { _ = l.Unlock() }, nil // ending the process unlocks as well
}

// Locked reports whether a run holds the lock now, without taking it for longer than the question.
func (s *Store) Locked() bool {
	if _, err := os.Stat(s.Path("lock")); err != nil {
		return false
	}
	l := flock.New(s.Path("lock"), flock.SetFlag(os.O_RDONLY))
	ok, err := l.TryRLock()
	if err != nil {
		return false
	}
	if ok {
		_ = l.Unlock()
	}
	return !ok
}

// Holder reads who took the lock last; it may have ended since.
func (s *Store) Holder() (Holder, error) {
	var h Holder
	data, err := regular.Read(s.Path("lock.json"))
	if err != nil {
		return h, fmt.Errorf("read lock holder: %w", err)
	}
	if err := json.Unmarshal(data, &h); err != nil {
		return h, fmt.Errorf("read lock holder: %w", err)
	}
	return h, nil
}
