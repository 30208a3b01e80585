package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const adasKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSJLQRmWRxaOWbLWLmkQMbr5Dlz4GnFVGjDW7x9Yb"

// standInForGitHub is a server for github.com and api.github.com, with a certificate of its own, and a proxy that leads
// to it whatever is asked for. It returns what the program's environment needs, and how often it was asked.
func standInForGitHub(t *testing.T, handler http.HandlerFunc) (environ []string, asked *atomic.Int32) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"github.com", "api.github.com"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	asked = &atomic.Int32{}
	github := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		handler(w, r)
	}))
	github.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}
	github.StartTLS()
	t.Cleanup(github.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "this proxy is for HTTPS", http.StatusBadRequest)
			return
		}
		to, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", github.Listener.Addr().String())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer to.Close()
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		fmt.Fprint(from, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(to, from)
			to.Close()
		}()
		_, _ = io.Copy(from, to)
	}))
	t.Cleanup(proxy.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"HTTPS_PROXY=" + proxy.URL, "SSL_CERT_FILE=" + file}, asked
}

func ada(w http.ResponseWriter, r *http.Request) {
	switch r.Host + r.URL.Path {
	case "github.com/ada-lovelace.keys":
		fmt.Fprintln(w, adasKey)
	case "api.github.com/users/ada-lovelace":
		fmt.Fprint(w, `{"login": "ada-lovelace", "name": "Ada\u001b]0;x\u0007 Lovelace"}`)
	default:
		http.NotFound(w, r)
	}
}

// The keys of an account are shown with whose they are, and get into the profile by a yes of their own.
func TestInitWithKeysFromGitHub(t *testing.T) {
	environ, _ := standInForGitHub(t, ada)
	dir := t.TempDir()
	x := start(t, dir, newcomer(t), 100, 30, environ, "init", "--github", "ada-lovelace")
	x.see("may they log in? [y/N]")
	for _, want := range []string{
		"ada-lovelace (Ada Lovelace) has 1 public ssh key on github.com", "log in as ada, who can become root with sudo",
		"ssh-ed25519  SHA256:D6MM/iANR/y3gN/7Br3a62xXOfIfiMey2djtlHavN2Q",
	} {
		if !strings.Contains(x.text(), want) {
			t.Errorf("%q is not shown:\n%s", want, x.text())
		}
	}
	x.typed("y" + enter)
	for _, see := range []string{"Is this right?", "What is this machine for?", "Which services?", "e-mail"} {
		x.see(see)
		x.typed(enter)
	}
	x.see("Write quick-deploy.yaml?")
	x.typed(down + enter)
	if code := x.end(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, x.text())
	}
	profile := readText(t, filepath.Join(dir, "quick-deploy.yaml"))
	for _, want := range []string{"github: ada-lovelace\n", adasKey + " ada-lovelace@github"} {
		if !strings.Contains(profile, want) {
			t.Errorf("%q is not in the profile:\n%s", want, profile)
		}
	}
}

// Nothing is written, and GitHub not even asked, without somebody who agrees.
func TestInitWithKeysFromGitHubThatNobodyWants(t *testing.T) {
	for _, c := range []struct {
		name, answer, says string
		code               int
		args               []string
		quiet              bool // GitHub is not asked
	}{
		{"enter is no", enter, "check the spelling of ada-lovelace", 10, []string{"--github", "ada-lovelace"}, false},
		{"no account", "", "there is no account of that name", 2, []string{"--github", "ada-lovelac"}, false},
		{"no name", "", "1 to 39 letters", 2, []string{"--github", "ada--lovelace"}, true},
		{"--yes", "", "has to agree to at a terminal", 2, []string{"--yes", "--github", "ada-lovelace"}, true},
		{"--answers", "", "has to agree to at a terminal", 2, []string{"--answers", "/dev/null", "--github", "ada-lovelace"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			environ, asked := standInForGitHub(t, ada)
			dir := t.TempDir()
			x := start(t, dir, newcomer(t), 100, 30, environ, append([]string{"init"}, c.args...)...)
			if c.answer != "" {
				x.see("[y/N]")
				x.typed(c.answer)
			}
			if code := x.end(); code != c.code || !strings.Contains(x.text(), c.says) {
				t.Errorf("exit code %d\n%s", code, x.text())
			}
			if n := asked.Load(); c.quiet != (n == 0) {
				t.Errorf("GitHub was asked %d times", n)
			}
			if _, err := os.Stat(filepath.Join(dir, "quick-deploy.yaml")); err == nil {
				t.Error("a profile was written")
			}
		})
	}
	// Without the flag there is no network, whatever is answered.
	environ, asked := standInForGitHub(t, ada)
	x := start(t, t.TempDir(), newcomer(t), 100, 30, environ, "init", "--yes")
	if code := x.end(); code != 0 || asked.Load() != 0 {
		t.Errorf("exit code %d, asked %d times\n%s", code, asked.Load(), x.text())
	}
}
