package ssh

import (
	"context"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// tunnel is a connection from the machine to an address, through ssh -W at the other end of a pair of sockets. ssh
// is started with the first byte: most checks only want to know that somebody listens.
type tunnel struct {
	net.Conn
	start func() error
	end   func()
}

func (r Remote) tunnel(ctx context.Context, address string) (net.Conn, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "tunnel"), os.NewFile(uintptr(pair[1]), "ssh")
	defer ours.Close() // FileConn makes a copy
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	end := func() {
		cancel()
		theirs.Close()
	}
	return &tunnel{Conn: conn, end: end, start: sync.OnceValue(func() error {
		path, err := r.Runner.LookPath("ssh")
		if err != nil {
			return err
		}
		args := append(r.options(ctx, false), "-W", address, r.Target.Login())
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Stdin, cmd.Stdout = theirs, theirs
		if err := cmd.Start(); err != nil {
			return err
		}
		theirs.Close()
		go cmd.Wait() // it is ended by Close: how it ended says nothing
		return nil
	})}, nil
}

// Write implements net.Conn.
func (t *tunnel) Write(p []byte) (int, error) {
	if err := t.start(); err != nil {
		return 0, err
	}
	return t.Conn.Write(p)
}

// Close implements net.Conn.
func (t *tunnel) Close() error {
	t.end()
	return t.Conn.Close()
}
