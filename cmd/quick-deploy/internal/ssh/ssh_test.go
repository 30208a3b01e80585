package ssh

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

func TestTarget(t *testing.T) {
	for _, tt := range []struct {
		target      Target
		text, store string
	}{
		{Target{User: "root", Host: "web-1.example.org", Port: 22}, "root@web-1.example.org",
			"ssh-ng://root@web-1.example.org"},
		{Target{User: "ops", Host: "192.0.2.7", Port: 2222}, "ops@192.0.2.7:2222", "ssh-ng://ops@192.0.2.7"},
		{Target{User: "root", Host: "2001:db8::7", Port: 2222}, "root@[2001:db8::7]:2222", "ssh-ng://root@[2001:db8::7]"},
		{Target{User: "root", Host: "fe80::1%eth0", Port: 2222}, "root@[fe80::1%eth0]:2222", "ssh-ng://root@[fe80::1%25eth0]"},
		{Target{User: "ops", Host: "fe80::1%eth0"}, "ops@fe80::1%eth0", "ssh-ng://ops@[fe80::1%25eth0]"},
	} {
		if back, err := ParseTarget(tt.text); err != nil || back.String() != tt.text {
			t.Errorf("%s is read as %s, %v", tt.text, back, err)
		}
		if tt.target.String() != tt.text || tt.target.Store() != tt.store {
			t.Errorf("%s and %s, want %s and %s", tt.target, tt.target.Store(), tt.text, tt.store)
		}
	}
	slow := Target{User: "a", Host: "b", Timeout: time.Minute}
	if got := (Remote{Target: slow}).NixOptions(); !strings.Contains(got, "-o ConnectTimeout=60 ") {
		t.Errorf("a minute to answer: %s", got)
	}
	if got := (Remote{Target: Target{User: "a", Host: "b", Port: 2222},
		Options: []string{"-i", "key"}}).NixOptions(); !strings.HasSuffix(got, "-p 2222 -i key") ||
		!strings.HasPrefix(got, "NIX_SSHOPTS=-o BatchMode=yes") {
		t.Error(got)
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"192.0.2.7":            {User: "root", Host: "192.0.2.7"},
		"ops@web:22":           {User: "ops", Host: "web", Port: 22},
		"[2001:db8::7]":        {User: "root", Host: "2001:db8::7"},
		"ops@[2001:db8::7]":    {User: "ops", Host: "2001:db8::7"},
		"2001:db8::7":          {User: "root", Host: "2001:db8::7"},
		"ops@[fe80::1%eth0]:9": {User: "ops", Host: "fe80::1%eth0", Port: 9},
	} {
		if got, err := ParseTarget(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "@web", "ops@", "web:http", "web:0", "web:65536", "[2001:db8::7", "[2001:db8::7]22", "[]", "-oProxyCommand=x",
		"-x@web", "root@-oProxyCommand=x", "[-oProxyCommand=x]",
	} {
		if got, err := ParseTarget(text); err == nil {
			t.Errorf("%q is taken as %+v", text, got)
		}
	}
}

// last is a runner that keeps the last command and fails as told.
type last struct {
	command run.Command
	code    int
	said    string
}

func (l *last) LookPath(name string) (string, error) { return name, nil }

func (l *last) Run(_ context.Context, c run.Command) (run.Result, error) {
	l.command = c
	if l.code != 0 {
		return run.Result{Code: l.code}, &run.Error{Command: c.Name, Code: l.code, Tail: l.said}
	}
	return run.Result{}, nil
}

// What is run on a machine arrives word by word, whatever is in the words, and
// as the right user.
func TestRemoteQuotes(t *testing.T) {
	for _, tt := range []struct {
		user    string
		command run.Command
		want    string
	}{
		{"root", run.Command{Name: "a", Args: []string{"b c", "$x", "'", ";"}}, `a 'b c' '$x' ''\''' ';'`},
		{"root", run.Command{Name: "a", Elevate: true}, "a"},
		{"ops", run.Command{Name: "a", Elevate: true}, "sudo -- a"},
	} {
		l := &last{}
		r := Remote{Runner: l, Target: Target{User: tt.user, Host: "h"}}
		if _, err := r.Run(t.Context(), tt.command); err != nil {
			t.Fatal(err)
		}
		n := len(l.command.Args)
		if diff := cmp.Diff([]string{tt.user + "@h", "--", tt.want}, l.command.Args[n-3:]); diff != "" {
			t.Error(diff)
		}
	}
}

// Not getting there is told apart from a command that fails there.
func TestUnreachable(t *testing.T) {
	r := Remote{
		Runner: &last{code: 255, said: "banner\nssh: connect: No route to host\n"}, Target: Target{User: "root", Host: "h"},
	}
	_, err := r.Run(t.Context(), run.Command{Name: "true"})
	var away *UnreachableError
	if !errors.As(err, &away) || away.Why != "ssh: connect: No route to host" {
		t.Errorf("%v", err)
	}
	r.Runner = &last{code: 1}
	if _, err := r.Run(t.Context(), run.Command{Name: "false"}); errors.As(err, &away) || run.CodeOf(err) != 1 {
		t.Errorf("%v", err)
	}
}
