package github

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// served is a client for which another server stands for github.com.
func served(t *testing.T, handler http.HandlerFunc) Client {
	t.Helper()
	srv := httptest.NewTLSServer(handler)
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	return Client{Timeout: 2 * time.Second, HTTP: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}, // what its certificate is for
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, srv.Listener.Addr().String())
		},
	}}}
}

const ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSJLQRmWRxaOWbLWLmkQMbr5Dlz4GnFVGjDW7x9Yb"

// Fingerprints are those of ssh-keygen, for every type of key that GitHub takes.
func TestFingerprints(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("no ssh-keygen:", err)
	}
	dir := t.TempDir()
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		file := filepath.Join(dir, kind)
		if out, err := exec.CommandContext(t.Context(), keygen, "-q", "-t", kind, "-N", "", "-C", "ada@laptop", "-f", file).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		line, err := os.ReadFile(file + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		shown, err := exec.CommandContext(t.Context(), keygen, "-l", "-f", file+".pub").Output()
		if err != nil {
			t.Fatal(err)
		}
		key, err := parse(strings.TrimSpace(string(line)))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Fields(string(shown))[1]; key.Fingerprint != want || key.Comment != "ada@laptop" || !strings.Contains(key.Type, kind) {
			t.Errorf("%s: %+v, want %s", kind, key, want)
		}
	}
}

func TestKeys(t *testing.T) {
	var asked []string
	c := served(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Host+r.URL.Path)
		if r.Host == "api.github.com" {
			fmt.Fprint(w, `{"login": "ada", "name": "Ada Lovelace", "id": 1}`)
			return
		}
		fmt.Fprint(w, ed25519+"\n"+ed25519+" second\n")
	})
	keys, err := c.Keys(t.Context(), "ada")
	if err != nil || len(keys) != 2 || keys[0].Line != ed25519 || keys[0].Type != "ssh-ed25519" || keys[1].Comment != "second" {
		t.Errorf("%+v, %v", keys, err)
	}
	if name := c.Name(t.Context(), "ada"); name != "Ada Lovelace" {
		t.Errorf("name %q", name)
	}
	if got := strings.Join(asked, " "); got != "github.com/ada.keys api.github.com/users/ada" {
		t.Errorf("asked for %s", got)
	}
}

func TestKeysThatCannotBeHad(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		code    fault.Code
		says    string
	}{
		"no account":   {status(404), fault.Usage, "there is no account of that name"},
		"no keys":      {status(200), fault.Usage, "the account has none"},
		"rate limit":   {status(429), fault.Network, "try again later"},
		"forbidden":    {status(403), fault.Network, "try again later"},
		"broken":       {status(502), fault.Network, "502 Bad Gateway"},
		"another page": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><body>Log in") }, fault.Network, "not a list of keys"},
		"another address": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://github.com/eve.keys", http.StatusFound)
		}, fault.Network, "points to another address"},
		"without an end": {func(w http.ResponseWriter, _ *http.Request) {
			for range 4096 {
				if _, err := fmt.Fprintln(w, ed25519); err != nil {
					return
				}
			}
		}, fault.Network, "longer than 128 KiB"},
		"slow": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, fault.Network, "no answer within 200ms"},
	} {
		t.Run(name, func(t *testing.T) {
			client := served(t, c.handler)
			if name == "slow" {
				client.Timeout = 200 * time.Millisecond
			}
			keys, err := client.Keys(t.Context(), "ada")
			if keys != nil || fault.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("%v, code %d: %v", keys, fault.CodeOf(err), err)
			}
			if got := client.Name(t.Context(), "ada"); got != "" {
				t.Errorf("name %q", got)
			}
		})
	}
	// A server that nobody vouches for, and none at all.
	stranger := httptest.NewTLSServer(status(200))
	defer stranger.Close()
	for says, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"certificate is not trusted": func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, stranger.Listener.Addr().String())
		},
		"cannot be resolved": func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "github.com"}
		},
	} {
		c := Client{HTTP: &http.Client{Transport: &http.Transport{DialContext: dial}}}
		if _, err := c.Keys(t.Context(), "ada"); fault.CodeOf(err) != fault.Network || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
