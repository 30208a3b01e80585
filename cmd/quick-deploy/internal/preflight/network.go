package preflight

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// networkTimeout is how long a cache may take to answer.
const networkTimeout = 10 * time.Second

// network asks the binary caches for nix-cache-info, the file that every cache
// has, over HTTPS: that works where ICMP is blocked and fails behind a captive
// portal, as a download would. One cache that answers is enough.
func network(ctx context.Context, m *Machine, t Target) []Finding {
	if len(t.Caches) == 0 || m.Client == nil {
		return nil
	}
	var failed []string
	fix := "check the connection; what is in the store already can be deployed with --offline"
	for _, url := range t.Caches {
		why, hint := askCache(ctx, m.Client, url)
		if why == "" {
			if len(failed) > 0 {
				return []Finding{{Severity: Warning, What: strings.Join(failed, "; "), Fix: "the other caches are used"}}
			}
			return nil
		}
		failed = append(failed, why)
		if hint != "" {
			fix = hint
		}
	}
	return []Finding{{What: strings.Join(failed, "; "), Fix: fix}}
}

func askCache(ctx context.Context, client *http.Client, url string) (why, hint string) {
	ctx, cancel := context.WithTimeout(ctx, networkTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/nix-cache-info", nil)
	if err != nil {
		return fmt.Sprintf("%s is not an address: %v", url, err), "correct nix.settings.substituters"
	}
	resp, err := client.Do(req)
	if err != nil {
		return explain(url, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	switch {
	case err != nil:
		return fmt.Sprintf("%s broke off: %v", url, err), ""
	case resp.StatusCode != http.StatusOK:
		return fmt.Sprintf("%s answers %s", url, resp.Status), ""
	case !strings.Contains(string(body), "StoreDir:"):
		return fmt.Sprintf("%s answers, but not as a binary cache: something in between does (a captive portal?)", url),
			"open a web page in a browser and log in to the network"
	}
	return "", ""
}

func explain(url string, err error) (why, hint string) {
	var dns *net.DNSError
	var op *net.OpError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var expired x509.CertificateInvalidError
	switch {
	case errors.As(err, &dns):
		return fmt.Sprintf("%s: the name cannot be resolved", url), "is there a connection at all? is the name server right?"
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &expired):
		return fmt.Sprintf("%s: the certificate is not trusted: %v", url, err), "a wrong clock, or a proxy or portal in between"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s: no answer within %s", url, networkTimeout), ""
	case errors.As(err, &op):
		return fmt.Sprintf("%s: %v", url, op.Err), ""
	}
	return fmt.Sprintf("%s: %v", url, err), ""
}
