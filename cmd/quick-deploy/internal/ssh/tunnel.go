package ssh

import (
	"bytes"
	"context"
	"io"
	"net"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// tunnel is a connection from the machine to an address, through ssh -W, until ctx ends. ssh is
// started with the first byte: most checks only want to know that somebody listens.
func (r Remote) tunnel(ctx context.Context, address string) net.Conn {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		first := make([]byte, 4096)
		n, err := far.Read(first)
		if err != nil {
			return
		}
		args := append(r.options(ctx, false), "-W", address, r.Target.Login())
		// How it ended shows in what comes over the connection.
		_, _ = r.Runner.Run(ctx, run.Command{
			Name: "ssh", Args: args, Stdin: io.MultiReader(bytes.NewReader(first[:n]), far), Stdout: far,
		})
	}()
	return near
}
