package preflight

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
)

// networkTimeout is how long a cache may take to answer where nothing else is said.
const networkTimeout = 10 * time.Second

// network asks the binary caches for nix-cache-info, the file that every cache
// has, over HTTPS: that works where ICMP is blocked and fails behind a captive
// portal, as a download would. One cache that answers is enough; where none does,
// all are asked again if waiting may help.
func network(ctx context.Context, m *Machine, t Target) []Finding {
	if len(t.Caches) == 0 || m.Client == nil {
		return nil
	}
	var failed []*cacheError
	ask := func(int) *retry.Failure {
		failed = failed[:0]
		for _, url := range t.Caches {
			err := askCache(ctx, m.Client, url, cmp.Or(m.Timeout, networkTimeout))
			if err == nil {
				return nil
			}
			failed = append(failed, err)
		}
		all := &retry.Failure{Err: errors.New(whys(failed)), Cause: nixlog.Error{Kind: nixlog.Other, Message: whys(failed)}}
		for _, err := range failed {
			if err.kind.Temporary() {
				all.Cause.Kind = err.kind
			}
		}
		return all
	}
	again := m.Retry
	if again == nil {
		again = func(ctx context.Context, attempt func(int) *retry.Failure) error {
			return retry.Policy{}.Do(ctx, nil, retry.Sleep, nil, attempt)
		}
	}
	err := again(ctx, ask)
	if err == nil {
		if len(failed) > 0 {
			return []Finding{{Severity: Warning, What: whys(failed), Fix: "the other caches are used"}}
		}
		return nil
	}
	found := Finding{What: whys(failed), Fix: "check the connection; what is in the store already can be deployed with --offline"}
	for _, err := range failed {
		if err.hint != "" {
			found.Fix = err.hint
		}
	}
	var spent *retry.SpentError
	if errors.As(err, &spent) && spent.Attempts > 1 {
		found.What += fmt.Sprintf("; asked %d times", spent.Attempts)
	}
	return []Finding{found}
}

// patient is the machine, looked at once only unless it is waited for: nobody
// waits for a check that refuses nothing.
func (m *Machine) patient(wait bool) *Machine {
	if wait || m.Retry == nil {
		return m
	}
	once := *m
	once.Retry = nil
	return &once
}

// cacheError is why a binary cache cannot be used.
type cacheError struct {
	kind nixlog.Kind
	why  string
	hint string // what to do, empty where only the connection can be checked
}

func whys(failed []*cacheError) string {
	all := make([]string, len(failed))
	for i, err := range failed {
		all[i] = err.why
	}
	return strings.Join(all, "; ")
}

func askCache(ctx context.Context, client *http.Client, url string, limit time.Duration) *cacheError {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/nix-cache-info", nil)
	if err != nil {
		return &cacheError{nixlog.Other, fmt.Sprintf("%s is not an address: %v", url, err), "correct nix.settings.substituters"}
	}
	resp, err := client.Do(req)
	if err != nil {
		return explain(url, err, limit)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	switch status := resp.StatusCode; {
	case err != nil:
		return &cacheError{nixlog.Network, fmt.Sprintf("%s broke off: %v", url, err), ""}
	case status == http.StatusTooManyRequests:
		return &cacheError{nixlog.RateLimit, fmt.Sprintf("%s answers %s", url, resp.Status), ""}
	case status >= http.StatusInternalServerError:
		return &cacheError{nixlog.Server, fmt.Sprintf("%s answers %s", url, resp.Status), ""}
	case status != http.StatusOK:
		return &cacheError{nixlog.NotFound, fmt.Sprintf("%s answers %s", url, resp.Status), ""}
	case !strings.Contains(string(body), "StoreDir:"):
		return &cacheError{nixlog.Trust, fmt.Sprintf("%s answers, but not as a binary cache: something in between does (a captive portal?)", url),
			"open a web page in a browser and log in to the network"}
	}
	return nil
}

func explain(url string, err error, limit time.Duration) *cacheError {
	var dns *net.DNSError
	var op *net.OpError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var expired x509.CertificateInvalidError
	switch {
	case errors.As(err, &dns):
		return &cacheError{nixlog.Network, fmt.Sprintf("%s: the name cannot be resolved", url), "is there a connection at all? is the name server right?"}
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &expired):
		return &cacheError{nixlog.Trust, fmt.Sprintf("%s: the certificate is not trusted: %v", url, err), "a wrong clock, or a proxy or portal in between"}
	case errors.Is(err, context.DeadlineExceeded):
		return &cacheError{nixlog.Network, fmt.Sprintf("%s: no answer within %s", url, limit), ""}
	case errors.As(err, &op):
		return &cacheError{nixlog.Network, fmt.Sprintf("%s: %v", url, op.Err), ""}
	}
	return &cacheError{nixlog.Network, fmt.Sprintf("%s: %v", url, err), ""}
}
