package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/gpu"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Checker runs checks. Root is where the machine's files are read from.
type Checker struct {
	Runner run.Runner
	Root   string // "/" or a fixture
	// Display is the X display of this machine that the program can draw on, "" if there is none.
	Display string
	User    string // who runs the program: whose units need no other user
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Client  *http.Client
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error
	// Grace is how long a check may fail before it counts, 0: 20 s. Between tries
	// passes Every, 0: 1 s.
	Grace, Every time.Duration
	// Failed are units that had failed before: they do not count against the new system.
	Failed []string
	// HomeProfile is where a user's home-manager profile link lies.
	HomeProfile func(user string) string
	// Parallel limits the checks at work at once, 0: 8.
	Parallel int
}

// errUnknown marks evidence that could not be gathered.
var errUnknown = errors.New("cannot be looked at")

// Run runs all checks side by side and returns their findings in order. It
// ends early only when ctx does; the checks that had no answer yet are Unknown then.
func (c *Checker) Run(ctx context.Context, checks []Check) Report {
	findings := make([]Finding, len(checks))
	slots := make(chan struct{}, max(c.Parallel, 1))
	if c.Parallel == 0 {
		slots = make(chan struct{}, 8)
	}
	var wg sync.WaitGroup
	for i, check := range checks {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			findings[i] = c.until(ctx, check)
		})
	}
	wg.Wait()
	r := Report{Findings: findings}
	r.count()
	return r
}

// until repeats a check until it passes or its grace period is over.
func (c *Checker) until(ctx context.Context, check Check) Finding {
	grace, every := check.Grace, c.Every
	if grace == 0 {
		grace = c.Grace
	}
	if grace == 0 {
		grace = 20 * time.Second
	}
	if every == 0 {
		every = time.Second
	}
	start := c.Now()
	for {
		evidence, err := c.look(ctx, check)
		f := Finding{Check: check, Outcome: Passed, Evidence: evidence, Seconds: max(0, c.Now().Sub(start).Seconds())}
		switch {
		case err == nil:
			return f
		case errors.Is(err, errUnknown), ctx.Err() != nil:
			f.Outcome, f.Evidence = Unknown, err.Error()
			return f
		}
		f.Outcome, f.Evidence = Warning, err.Error()
		if check.Required {
			f.Outcome = Failed
		}
		// A clock that goes backwards must not make the wait endless: the tries count as well.
		if c.Now().Sub(start) >= grace {
			return f
		}
		grace -= every / 4
		if c.Sleep(ctx, every) != nil {
			f.Outcome = Unknown
			return f
		}
	}
}

// look looks once. A nil error means passed; the string is the evidence.
func (c *Checker) look(ctx context.Context, check Check) (string, error) {
	switch check.Kind {
	case Unit:
		return c.unit(ctx, check.Target, run.Command{Name: "systemctl"})
	case Timer:
		evidence, err := c.unit(ctx, check.Target, run.Command{Name: "systemctl"})
		if err == nil && strings.Contains(evidence, "(elapsed)") {
			return "", fmt.Errorf("%s has no next run", check.Target)
		}
		return evidence, err
	case UserUnit:
		cmd := run.Command{Name: "systemctl", Args: []string{"--user"}}
		if check.User != c.User && check.User != "" {
			cmd.Args = append(cmd.Args, "--machine="+check.User+"@.host")
		}
		return c.unit(ctx, check.Target, cmd)
	case FailedUnits:
		return c.failedUnits(ctx)
	case Mount:
		return c.mount(check.Target)
	case Port:
		return c.port(ctx, check.Target)
	case HTTP:
		return c.http(ctx, check)
	case Home:
		return c.home(check)
	case File:
		if _, err := os.Stat(c.path(check.Target)); err != nil {
			return "", fmt.Errorf("%s is missing", check.Target)
		}
		return check.Target + " is there", nil
	case Program:
		p := c.path("/run/current-system/sw/bin/" + check.Target)
		if _, err := os.Stat(p); err != nil {
			return "", fmt.Errorf("%s is not in the system's PATH", check.Target)
		}
		return p, nil
	case GPU:
		return c.gpu(ctx, check.Target)
	}
	return "", fmt.Errorf("%w: no check of kind %q", errUnknown, check.Kind)
}

func (c *Checker) path(p string) string {
	if c.Root == "" {
		return p
	}
	return filepath.Join(c.Root, p)
}

// unit asks systemd. "active" passes, and so does a oneshot service that ended
// well: "inactive" with Result=success and a unit that ran.
func (c *Checker) unit(ctx context.Context, name string, base run.Command) (string, error) {
	base.Args = append(base.Args, "show", "--property=LoadState,ActiveState,SubState,Result,ExecMainStatus,Type,ConditionResult", "--", name)
	base.Timeout = 15 * time.Second
	res, err := c.Runner.Run(ctx, base)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnknown, err)
	}
	p := properties(res.Stdout)
	state := p["ActiveState"] + " (" + p["SubState"] + ")"
	switch {
	case p["LoadState"] == "not-found":
		return "", fmt.Errorf("%s does not exist", name)
	case p["LoadState"] == "masked":
		return "", fmt.Errorf("%s is masked", name)
	case p["ActiveState"] == "active", p["ActiveState"] == "reloading":
		return name + " is " + state, nil
	case p["ActiveState"] == "inactive" && p["Type"] == "oneshot" && p["Result"] == "success":
		return name + " has run", nil
	case p["ActiveState"] == "inactive" && p["ConditionResult"] == "no":
		return name + " was not started: a condition of the unit is not met", nil
	}
	return "", fmt.Errorf("%s is %s, result %s, exit status %s", name, state, p["Result"], p["ExecMainStatus"])
}

func properties(s string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(s) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			m[k] = v
		}
	}
	return m
}

func (c *Checker) failedUnits(ctx context.Context) (string, error) {
	failed, err := FailedUnitNames(ctx, c.Runner)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnknown, err)
	}
	failed = slices.DeleteFunc(failed, func(u string) bool { return slices.Contains(c.Failed, u) })
	if len(failed) > 0 {
		return "", fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return "no unit has failed anew", nil
}

// FailedUnitNames lists the system units that have failed, sorted.
func FailedUnitNames(ctx context.Context, r run.Runner) ([]string, error) {
	res, err := r.Run(ctx, run.Command{
		Name: "systemctl", Args: []string{"list-units", "--state=failed", "--plain", "--no-legend", "--full"}, Timeout: 15 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(res.Stdout) {
		if f := strings.Fields(line); len(f) > 0 {
			names = append(names, f[0])
		}
	}
	slices.Sort(names)
	return names, nil
}

// mount reads /proc/self/mounts, where a blank in a path is written \040 (proc(5)).
func (c *Checker) mount(target string) (string, error) {
	data, err := os.ReadFile(c.path("/proc/self/mounts"))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnknown, err)
	}
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 2 && unescape.Replace(f[1]) == target {
			return fmt.Sprintf("%s on %s (%s)", unescape.Replace(f[0]), target, f[2]), nil
		}
	}
	return "", fmt.Errorf("nothing is mounted at %s", target)
}

func (c *Checker) port(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := c.Dial(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("%s does not answer: %w", address, err)
	}
	conn.Close()
	return address + " answers", nil
}

func (c *Checker) http(ctx context.Context, check Check) (string, error) {
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
}

func (c *Checker) home(check Check) (string, error) {
	link := c.HomeProfile(check.User)
	p, err := filepath.EvalSymlinks(link)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return "", fmt.Errorf("%w: %w", errUnknown, err)
		}
		return "", fmt.Errorf("%s has no home-manager generation", check.User)
	}
	if check.Target != "" && p != check.Target {
		return "", fmt.Errorf("%s's home-manager generation is %s, not %s", check.User, p, check.Target)
	}
	return p, nil
}

// gpu asks the driver, and the tools of the vendor that are installed.
func (c *Checker) gpu(ctx context.Context, vendor string) (string, error) {
	findings := gpu.Validator{Runner: c.Runner, Root: c.Root, Display: c.Display}.Validate(ctx, vendor)
	if err := gpu.Problem(findings); err != nil {
		return "", err
	}
	summary := gpu.Summary(findings)
	if summary == "" {
		return "", fmt.Errorf("%w: the driver of %s is not active yet", errUnknown, vendor)
	}
	return summary, nil
}
