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

var network = Check{
	Name: "network", network: true, building: true,
	Doc: "one of the binary caches answers over HTTPS",
	// nix-cache-info is the file that every cache has: asking for it works where ICMP is blocked, and
	// fails behind a captive portal, as a download would. One cache that answers is enough; where
	// none does, all are asked again if waiting may help.
	find: func(ctx context.Context, v *visit) {
		if len(v.to.Caches) == 0 || v.Client == nil {
			return
		}
		var failed []cacheError
		attempt := func(int) *retry.Failure {
			failed = failed[:0]
			cause := nixlog.Error{Kind: nixlog.Other}
			for _, url := range v.to.Caches {
				bad := askCache(ctx, v.Client, url, cmp.Or(v.Timeout, networkTimeout))
				if bad == nil {
					return nil
				}
				failed = append(failed, *bad)
				if bad.kind.Temporary() {
					cause.Kind = bad.kind
				}
			}
			cause.Message = whys(failed)
			return &retry.Failure{Err: errors.New(cause.Message), Cause: cause}
		}
		ask := v.Retry
		if ask == nil {
			ask = retry.Policy{}.Do
		}
		err := ask(ctx, attempt)
		if err == nil {
			if len(failed) > 0 {
				v.warning("the other caches are used", "%s", whys(failed))
			}
			return
		}
		fix := "check the connection; what is in the store already can be deployed with --offline"
		for _, bad := range failed {
			fix = cmp.Or(bad.hint, fix)
		}
		what := whys(failed)
		var spent *retry.SpentError
		if errors.As(err, &spent) && spent.Attempts > 1 {
			what += fmt.Sprintf("; asked %d times", spent.Attempts)
		}
		v.blocker(fix, "%s", what)
	},
}

// cacheError is why a binary cache cannot be used.
type cacheError struct {
	kind nixlog.Kind
	why  string
	hint string // what to do, empty where only the connection can be checked
}

func whys(failed []cacheError) string {
	all := make([]string, len(failed))
	for i, bad := range failed {
		all[i] = bad.why
	}
	return strings.Join(all, "; ")
}

// askCache returns why the cache at url cannot be used, nil if it can.
func askCache(ctx context.Context, client *http.Client, url string, limit time.Duration) *cacheError {
	bad := func(kind nixlog.Kind, hint, format string, args ...any) *cacheError {
		return &cacheError{kind, url + " " + fmt.Sprintf(format, args...), hint}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/nix-cache-info", nil)
	if err != nil {
		return bad(nixlog.Other, "correct nix.settings.substituters", "is not an address: %v", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		kind, why, hint := explain(err, limit)
		return &cacheError{kind, url + ": " + why, hint}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	switch status := resp.StatusCode; {
	case err != nil:
		return bad(nixlog.Network, "", "broke off: %v", err)
	case status == http.StatusTooManyRequests:
		return bad(nixlog.RateLimit, "", "answers %s", resp.Status)
	case status >= http.StatusInternalServerError:
		return bad(nixlog.Server, "", "answers %s", resp.Status)
	case status != http.StatusOK:
		return bad(nixlog.NotFound, "", "answers %s", resp.Status)
	case !strings.Contains(string(body), "StoreDir:"):
		return bad(nixlog.Trust, "open a web page in a browser and log in to the network",
			"answers, but not as a binary cache: something in between does (a captive portal?)")
	}
	return nil
}

// explain says why a request did not get an answer.
func explain(err error, limit time.Duration) (kind nixlog.Kind, why, hint string) {
	var dns *net.DNSError
	var op *net.OpError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var expired x509.CertificateInvalidError
	switch {
	case errors.As(err, &dns):
		return nixlog.Network, "the name cannot be resolved", "is there a connection at all? is the name server right?"
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &expired):
		why = fmt.Sprintf("the certificate is not trusted: %v", err)
		return nixlog.Trust, why, "a wrong clock, or a proxy or portal in between"
	case errors.Is(err, context.DeadlineExceeded):
		return nixlog.Network, fmt.Sprintf("no answer within %s", limit), ""
	case errors.As(err, &op):
		err = op.Err
	}
	return nixlog.Network, err.Error(), ""
}
