package health

import (
	"context"
	"fmt"
	"time"
)

// Port is well if a TCP connection to Target ("host:port") opens.
var Port = anywhere("port", func(ctx context.Context, c *Checker, check Check) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := c.Dial(ctx, "tcp", check.Target)
	if err != nil {
		return "", fmt.Errorf("%s does not answer: %w", check.Target, err)
	}
	conn.Close()
	return check.Target + " answers", nil
})
