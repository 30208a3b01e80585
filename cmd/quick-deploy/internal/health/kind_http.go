package health

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// HTTP is well if a GET of Target answers with a status from 200 to 399, or with Status.
var HTTP = anywhere("http", func(ctx context.Context, c *Checker, check Check) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, check.Target, nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnknown, err)
	}
	resp, err := c.Client.Do(req)
	if err != nil {
		return "", fmt.Errorf("%s does not answer: %w", check.Target, err)
	}
	resp.Body.Close()
	evidence := fmt.Sprintf("%s answers %s", check.Target, resp.Status)
	ok := resp.StatusCode >= 200 && resp.StatusCode < 400
	if check.Status != 0 {
		ok = resp.StatusCode == check.Status
	}
	if !ok {
		return "", errors.New(evidence)
	}
	return evidence, nil
})
