package guest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// agentSocket is the name of the agent's socket in a machine's folder.
const agentSocket = "agent"

// reply is how long the agent may take for an answer: it only starts commands and reads results, but a machine whose
// processor is emulated may be busy.
const reply = time.Minute

// agent is a connection to the QEMU guest agent (qemu, docs/interop/qemu-ga-ref.rst): one request after the other,
// each a line of JSON.
type agent struct {
	dir *os.File // holds the socket, whose path may be longer than the 107 bytes of sun_path (unix(7))

	mu    sync.Mutex
	conn  net.Conn // nil: what was said last has had no answer, or nothing was said yet
	r     *bufio.Reader
	syncs int64
}

// agentError is what the agent says instead of a result.
type agentError struct {
	Class string `json:"class"`
	Desc  string `json:"desc"`
}

func (e *agentError) Error() string { return e.Desc }

// call sends a request and reads its result into result, unless that is nil.
func (a *agent) call(ctx context.Context, command string, arguments, result any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, reply)
	defer cancel()
	if a.conn == nil {
		if err := a.connect(ctx); err != nil {
			return err
		}
	}
	var answer struct {
		Return json.RawMessage
		Error  *agentError
	}
	if err := a.exchange(ctx, command, arguments, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return fmt.Errorf("%s: %w", command, answer.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Return, result)
}

// tell sends a request that has no answer where it works.
func (a *agent) tell(ctx context.Context, command string, arguments any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil {
		if err := a.connect(ctx); err != nil {
			return err
		}
	}
	return a.exchange(ctx, command, arguments, nil)
}

// exchange writes a request and reads the line that answers it, unless answer is nil.
func (a *agent) exchange(ctx context.Context, command string, arguments, answer any) error {
	return a.until(ctx, func() error {
		line, err := json.Marshal(map[string]any{"execute": command, "arguments": arguments})
		if err != nil {
			return err
		}
		if _, err := a.conn.Write(append(line, '\n')); err != nil || answer == nil {
			return err
		}
		if line, err = a.r.ReadBytes('\n'); err != nil {
			return err
		}
		return json.Unmarshal(line, answer)
	})
}

// until uses the connection until ctx ends. After an error the connection is closed: an answer that comes too late
// would be taken for the next one's.
func (a *agent) until(ctx context.Context, use func() error) error {
	conn := a.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // an error is that it is closed
	err := use()
	if !stop() {
		err = ctx.Err() // and it can be used no more
	}
	if err != nil {
		a.close()
	}
	return err
}

func (a *agent) close() {
	if a.conn != nil {
		a.conn.Close()
		a.conn = nil
	}
}

// connect opens the connection and finds the beginning of what answers it: guest-sync-delimited has the agent drop
// what it has read of other requests, and its answer comes behind a byte that is in no other one.
func (a *agent) connect(ctx context.Context) (err error) {
	// The folder's descriptor makes the path a short one.
	path := filepath.Join("/proc/self/fd", fmt.Sprint(a.dir.Fd()), agentSocket)
	if a.conn, err = (&net.Dialer{}).DialContext(ctx, "unix", path); err != nil {
		return err
	}
	a.r = bufio.NewReader(a.conn)
	a.syncs++
	return a.until(ctx, func() error {
		request := fmt.Sprintf("\xff{\"execute\": \"guest-sync-delimited\", \"arguments\": {\"id\": %d}}\n", a.syncs)
		if _, err := a.conn.Write([]byte(request)); err != nil {
			return err
		}
		for {
			if _, err := a.r.ReadBytes(0xff); err != nil {
				return err
			}
			line, err := a.r.ReadBytes('\n')
			if err != nil {
				return err
			}
			var answer struct{ Return int64 }
			if json.Unmarshal(line, &answer) == nil && answer.Return == a.syncs {
				return nil
			}
		}
	})
}

// errSilent says that the agent has not answered.
var errSilent = errors.New("its guest agent does not answer")

// wait waits until the agent answers.
func (a *agent) wait(ctx context.Context) error {
	const pause = time.Second
	for {
		// What is sent before the agent is there waits for it, or is lost: it is asked again and again.
		try, cancel := context.WithTimeout(ctx, 5*pause)
		err := a.call(try, "guest-ping", struct{}{}, nil)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errSilent, ctx.Err())
		case <-time.After(pause):
		}
	}
}
