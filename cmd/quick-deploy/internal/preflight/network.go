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
		return &cacheError{kind, url + fmt.Sprintf(format, args...), hint}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/nix-cache-info", nil)
	if err != nil {
		return bad(nixlog.Other, "correct nix.settings.substituters", " is not an address: %v", err)
	}
	resp, err := client.Do(req)
	switch op, isOp := errors.AsType[*net.OpError](err); {
	case err == nil:
	case is[*net.DNSError](err):
		const hint = "check the connection and the name server"
		return bad(nixlog.Network, hint, ": the name cannot be resolved")
	case is[x509.UnknownAuthorityError](err), is[x509.HostnameError](err), is[x509.CertificateInvalidError](err):
		const hint = "a wrong clock, or a proxy or portal in between"
		return bad(nixlog.Trust, hint, ": the certificate is not trusted: %v", err)
	case errors.Is(err, context.DeadlineExceeded):
		return bad(nixlog.Network, "", ": no answer within %s", limit)
	case isOp:
		return bad(nixlog.Network, "", ": %v", op.Err)
	default:
		return bad(nixlog.Network, "", ": %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	kind := nixlog.NotFound
	switch status := resp.StatusCode; {
	case err != nil:
		return bad(nixlog.Network, "", " broke off: %v", err)
	case status == http.StatusOK && !strings.Contains(string(body), "StoreDir:"):
		return bad(nixlog.Trust, "open a web page in a browser and log in to the network",
			" answers, but not as a binary cache: something in between does (a captive portal?)")
	case status == http.StatusOK:
		return nil
	case status == http.StatusTooManyRequests:
		kind = nixlog.RateLimit
	case status >= http.StatusInternalServerError:
		kind = nixlog.Server
	}
	return bad(kind, "", " answers %s", resp.Status)
}

// is reports whether an error is one of a type, or wraps one.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
