package fleet

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"sync"
	"time"
)

// tunnel is a connection from the machine to an address, through ssh -W. ssh
// is started with the first byte: most checks only want to know that somebody listens.
type tunnel struct {
	remote  Remote
	ctx     context.Context
	address string

	once  sync.Once
	err   error
	cmd   *exec.Cmd
	read  io.ReadCloser
	write io.WriteCloser
}

func (t *tunnel) start() error {
	t.once.Do(func() {
		path, err := t.remote.Runner.LookPath("ssh")
		if err != nil {
			t.err = err
			return
		}
		args := append(t.remote.options(t.ctx, false), "-W", t.address, t.remote.Target.login())
		t.cmd = exec.CommandContext(t.ctx, path, args...)
		if t.write, t.err = t.cmd.StdinPipe(); t.err != nil {
			return
		}
		if t.read, t.err = t.cmd.StdoutPipe(); t.err != nil {
			return
		}
		t.err = t.cmd.Start()
	})
	return t.err
}

// Read implements net.Conn.
func (t *tunnel) Read(p []byte) (int, error) {
	if err := t.start(); err != nil {
		return 0, err
	}
	return t.read.Read(p)
}

// Write implements net.Conn.
func (t *tunnel) Write(p []byte) (int, error) {
	if err := t.start(); err != nil {
		return 0, err
	}
	return t.write.Write(p)
}

// Close implements net.Conn.
func (t *tunnel) Close() error {
	t.once.Do(func() { t.err = net.ErrClosed })
	if t.cmd == nil || t.cmd.Process == nil {
		return nil
	}
	t.write.Close()
	t.cmd.Process.Kill()
	// It was killed: how it ended says nothing.
	_ = t.cmd.Wait()
	return nil
}

// LocalAddr implements net.Conn.
func (t *tunnel) LocalAddr() net.Addr { return place(t.remote.Target.String()) }

// RemoteAddr implements net.Conn.
func (t *tunnel) RemoteAddr() net.Addr { return place(t.address) }

// SetDeadline implements net.Conn; the context of the check ends the connection.
func (t *tunnel) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (t *tunnel) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (t *tunnel) SetWriteDeadline(time.Time) error { return nil }

type place string

func (place) Network() string  { return "tcp" }
func (p place) String() string { return fmt.Sprint(string(p)) }
