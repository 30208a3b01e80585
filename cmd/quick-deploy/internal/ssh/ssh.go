// Package ssh runs commands on other machines, by the ssh command and its configuration. It is the run.Runner below
// which the steps of a run are the same for every machine.
package ssh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Target is where a machine is reached by ssh.
type Target struct {
	User, Host string
	Port       int
	// Timeout is how long the machine may take to answer; 0 means 10 s.
	Timeout time.Duration
}

// DefaultPort is the port of ssh (RFC 4253).
const DefaultPort = 22

// String is user@host, with the port where it is not the usual one.
func (t Target) String() string {
	if t.Port == 0 || t.Port == DefaultPort {
		return t.Login()
	}
	return t.User + "@" + net.JoinHostPort(t.Host, strconv.Itoa(t.Port))
}

// ParseTarget reads USER@HOST, with :PORT behind it where there is one. An IPv6 address with a port stands in brackets,
// and one of a link may have a zone: root@[fe80::1%eth0]:2222. Without a user it is root.
func ParseTarget(text string) (Target, error) {
	t := Target{User: "root", Host: text}
	if user, host, ok := strings.Cut(text, "@"); ok {
		t.User, t.Host = user, host
	}
	port := ""
	if inner, ok := strings.CutPrefix(t.Host, "["); ok {
		host, rest, closed := strings.Cut(inner, "]")
		port, ok = strings.CutPrefix(rest, ":")
		if !closed || !ok && rest != "" {
			return t, fmt.Errorf("%q is not USER@ADDRESS", text)
		}
		t.Host = host
	} else if strings.Count(t.Host, ":") == 1 {
		t.Host, port, _ = strings.Cut(t.Host, ":")
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return t, fmt.Errorf("%q: %q is not a valid port", text, port)
		}
		t.Port = int(n)
	}
	if t.User == "" || t.Host == "" || strings.HasPrefix(t.Host, "-") || strings.HasPrefix(t.User, "-") {
		return t, fmt.Errorf("%q is not USER@ADDRESS", text)
	}
	return t, nil
}

// Command is how a person runs a command there.
func (t Target) Command(words ...string) run.Command {
	c := run.Command{Name: "ssh"}
	if t.Port != 0 && t.Port != DefaultPort {
		c.Args = append(c.Args, "-p", strconv.Itoa(t.Port))
	}
	c.Args = append(append(c.Args, t.Login()), words...)
	return c
}

// Login is user@host.
func (t Target) Login() string { return t.User + "@" + t.Host }

// Store is the machine as a Nix store.
func (t Target) Store() string {
	host := t.Host
	if strings.Contains(host, ":") {
		host = "[" + strings.ReplaceAll(host, "%", "%25") + "]" // a zone, as RFC 6874 has it in URLs
	}
	return "ssh-ng://" + t.User + "@" + host
}

// options are ssh's options for the machine. Nobody can answer a question:
// hosts are worked on side by side.
func (t Target) options(more []string) []string {
	seconds := int(cmp.Or(t.Timeout, 10*time.Second).Seconds())
	out := []string{
		"-o", "BatchMode=yes", "-o", "ConnectTimeout=" + strconv.Itoa(max(1, seconds)),
		"-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=4",
	}
	if t.Port != 0 && t.Port != DefaultPort {
		out = append(out, "-p", strconv.Itoa(t.Port))
	}
	return append(out, more...)
}

// NixOptions are the options in the environment, for programs that call ssh.
func (r Remote) NixOptions() string {
	return "NIX_SSHOPTS=" + strings.Join(append(r.Target.options(r.Options), r.Connections.join(r.Target)...), " ")
}

// UnreachableError is a machine that ssh does not get to: nothing is known
// about what runs there.
type UnreachableError struct {
	Target Target
	Why    string
}

func (e *UnreachableError) Error() string { return fmt.Sprintf("%s: %s", e.Target, e.Why) }

// sshFailed is the exit code of ssh for errors of its own (ssh(1)).
const sshFailed = 255

// Remote runs commands on a machine, by ssh. Elevate becomes sudo for another
// login than root. Commands with Here stay on this machine.
type Remote struct {
	Runner run.Runner
	Target Target
	// Options are further options for ssh, NIX_SSHOPTS by the user's environment.
	Options []string
	// Connections are shared with the run's other commands.
	Connections *Connections
}

// options are ssh's options for a command. A fresh one opens a connection of its own: whether the machine lets one in
// is part of the question.
func (r Remote) options(ctx context.Context, fresh bool) []string {
	options := r.Target.options(r.Options)
	if fresh {
		return append([]string{"-o", "ControlPath=none"}, options...)
	}
	return append(options, r.Connections.share(ctx, r.Target, options)...)
}

// LookPath implements run.Runner: what the machine has is seen when it runs.
func (r Remote) LookPath(name string) (string, error) { return name, nil }

// Run implements run.Runner.
func (r Remote) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if c.Here {
		return r.Runner.Run(ctx, c)
	}
	if c.Terminal || c.Dir != "" {
		return run.Result{Code: -1}, fmt.Errorf("run %s on %s: ssh cannot do that", c.Name, r.Target)
	}
	var words []string
	if c.Elevate && r.Target.User != "root" {
		words = append(words, "sudo", "--")
	}
	if len(c.Env) > 0 {
		words = append(append(words, "env"), c.Env...)
	}
	words = append(append(words, c.Name), c.Args...)
	for i, w := range words {
		words[i] = run.Quote(w)
	}
	options := r.options(ctx, c.Fresh)
	res, err := r.Runner.Run(ctx, run.Command{
		Name: "ssh", Args: slices.Concat(options, []string{r.Target.Login(), "--", strings.Join(words, " ")}),
		Input: c.Input, Timeout: c.Timeout, OnLine: c.OnLine, Network: c.Network, Quiet: c.Quiet,
	})
	failed, ran := errors.AsType[*run.Error](err)
	if !ran {
		return res, err
	}
	if !c.Fresh && (failed.Code == sshFailed || failed.Timeout > 0) {
		r.Connections.leave(ctx, r.Target, options)
	}
	if failed.Code == sshFailed {
		return res, &UnreachableError{Target: r.Target, Why: cmp.Or(lastLine(failed.Tail), "the connection was lost")}
	}
	return res, err
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// Dial connects to an address as the machine sees it. The connection is asked
// for on the machine, because ssh tells only afterwards that nobody listens there.
func (r Remote) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := r.Run(ctx, run.Command{
		Name: "bash", Args: []string{"-c", `exec 3<>"/dev/tcp/$1/$2"`, "bash", host, port}, Timeout: 10 * time.Second,
	}); err != nil {
		return nil, err
	}
	return r.tunnel(ctx, address), nil
}
