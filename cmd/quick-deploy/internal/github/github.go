// Package github reads what github.com publishes about an account: its public ssh keys and its name.
package github

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// Client asks github.com.
type Client struct {
	HTTP *http.Client
	// Timeout is how long an answer may take; 0 means 10 s.
	Timeout time.Duration
}

const (
	defaultTimeout = 10 * time.Second
	// maxAnswer is how much of an answer is read, bytes: some hundred keys.
	maxAnswer = 128 << 10
)

// Key is a public ssh key.
type Key struct {
	// Line is the key as authorized_keys has it (sshd(8)).
	Line string
	Type string
	// Fingerprint is what ssh-keygen -l shows: SHA256: and the hash of the key in base64 without padding (RFC 4648).
	Fingerprint string
	Comment     string
}

// Keys are the public keys of an account. The error is a fault that says with which code to exit. Nobody is taken
// at his word elsewhere: an answer that leads to another address is an error.
func (c Client) Keys(ctx context.Context, account string) ([]Key, error) {
	const what = "read the keys of %s on github.com"
	text, err := c.get(ctx, "https://github.com/"+account+".keys")
	if status, ok := errors.AsType[statusError](err); ok && status == http.StatusNotFound {
		return nil, fault.New(fault.Usage, what+": there is no account of that name", account).
			Hint("check the spelling; nothing was written")
	}
	if err != nil {
		return nil, fault.New(fault.Network, what+": %w", account, err).
			Hint("--ssh-key KEY gives a key without the network; nothing was written")
	}
	var keys []Key
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, err := parse(line)
		if err != nil {
			return nil, fault.New(fault.Network, what+": %w", account, err).
				Hint("something in between may have answered in its place; nothing was written")
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fault.New(fault.Usage, what+": the account has none", account).
			Hint("add one at https://github.com/settings/keys, or leave out --github; nothing was written")
	}
	return keys, nil
}

// Name is the name that the owner of an account shows, empty if there is none or it could not be read.
func (c Client) Name(ctx context.Context, account string) string {
	text, err := c.get(ctx, "https://api.github.com/users/"+account)
	if err != nil {
		return ""
	}
	var user struct{ Name string }
	if err := json.Unmarshal(text, &user); err != nil {
		return ""
	}
	return user.Name
}

// parse reads a line of authorized_keys that has no options.
func parse(line string) (Key, error) {
	kind, rest, _ := strings.Cut(line, " ")
	blob, comment, _ := strings.Cut(rest, " ")
	data, err := base64.StdEncoding.DecodeString(blob)
	if err != nil || len(data) == 0 {
		return Key{}, errors.New("the answer is not a list of keys")
	}
	sum := sha256.Sum256(data)
	fingerprint := "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	return Key{Line: line, Type: kind, Fingerprint: fingerprint, Comment: comment}, nil
}

// statusError is an answer that is none, by its number.
type statusError int

func (s statusError) Error() string {
	switch {
	case s == http.StatusTooManyRequests, s == http.StatusForbidden:
		return fmt.Sprintf("it answers %d: too many requests came from this address; try again later", int(s))
	case s >= 300 && s < 400:
		return fmt.Sprintf("it answers %d: it points to another address, which is not followed", int(s))
	}
	return fmt.Sprintf("it answers %d %s", int(s), http.StatusText(int(s)))
}

func (c Client) get(ctx context.Context, address string) ([]byte, error) {
	limit := c.Timeout
	if limit == 0 {
		limit = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	client := *c.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return nil, said(err, limit)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, said(err, limit)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the answer is longer than %d KiB", maxAnswer>>10)
	}
	return body, nil
}

// said is an error of the network without the address, which the message has already.
func said(err error, limit time.Duration) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", limit)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New("the name cannot be resolved; check the connection")
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("its certificate is not trusted: %w", bad.Err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	if bad, ok := errors.AsType[*url.Error](err); ok {
		return bad.Err
	}
	return err
}
