package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// systemd is a machine: its files are below root, what systemctl says about its
// units is in units, and its clock is the checker's.
type systemd struct {
	units  map[string]string // properties, separated by blanks; "~" is a blank in a value
	change func(waited time.Duration)
	nvidia error
	ran    []string
	root   string
	now    time.Time
	start  time.Time
	// uptime is how long the machine is up at start, less the time it slept.
	uptime time.Duration
	noBus  bool
	mu     sync.Mutex // of ran
}

func (s *systemd) LookPath(name string) (string, error) {
	switch name {
	case "vulkaninfo", "glxinfo", "vainfo":
		return "", exec.ErrNotFound
	}
	return "/bin/" + name, nil
}

// ago is when something was so long before the start, as systemctl prints it.
func (s *systemd) ago(d time.Duration) string { return s.at(-d) }

func (s *systemd) at(d time.Duration) string {
	return strings.ReplaceAll(s.start.Add(d).UTC().Format("Mon 2006-01-02 15:04:05 MST"), " ", "~")
}

func (s *systemd) Run(ctx context.Context, c run.Command) (run.Result, error) {
	s.mu.Lock()
	s.ran = append(s.ran, c.String())
	s.mu.Unlock()
	if s.change != nil {
		s.change(s.now.Sub(s.start))
	}
	refused := func() (run.Result, error) {
		return run.Result{Code: 1}, &run.Error{Command: c.Name, Code: 1}
	}
	switch {
	case c.Name == "nvidia-smi":
		return run.Result{Stdout: "RTX 4090, 560.1\n"}, s.nvidia
	case c.Name == "/bin/sh":
		res, err := (&run.Exec{Environ: os.Environ()}).Run(ctx, c)
		if strings.Contains(c.Args[1], "date +%s") {
			_, rest, _ := strings.Cut(res.Stdout, "\n")
			res.Stdout = fmt.Sprintf("%d\n%s", s.now.Unix(), rest)
		}
		return res, err
	case s.noBus:
		return refused()
	case slices.Contains(c.Args, "list-units"):
		units := []map[string]string{}
		i := slices.IndexFunc(c.Args, func(a string) bool { return strings.HasPrefix(a, "--state=") })
		for name, props := range s.units {
			for state := range strings.SplitSeq(strings.TrimPrefix(c.Args[i], "--state="), ",") {
				if strings.Contains(props, "State="+state+" ") || strings.HasSuffix(props, "State="+state) {
					units = append(units, map[string]string{"unit": name, "load": "loaded", "active": "x", "sub": "x"})
					break
				}
			}
		}
		out, err := json.Marshal(units)
		return run.Result{Stdout: string(out)}, err
	case slices.Contains(c.Args, "show"):
		if !slices.Contains(c.Env, "TZ=UTC") {
			return refused()
		}
		var blocks []string
		for _, name := range c.Args[slices.Index(c.Args, "--")+1:] {
			props, ok := s.units[name]
			if !ok {
				props = "LoadState=not-found ActiveState=inactive SubState=dead"
			} else if !strings.Contains(props, "LoadState=") {
				props += " LoadState=loaded"
			}
			lines := strings.ReplaceAll(strings.ReplaceAll(props, " ", "\n"), "~", " ")
			blocks = append(blocks, "Id="+name+"\nNames="+name+"\n"+lines+"\n")
		}
		return run.Result{Stdout: strings.Join(blocks, "\n")}, nil
	}
	return run.Result{}, nil
}

func checker(t *testing.T, s *systemd) *Checker {
	t.Helper()
	s.start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.now, s.root = s.start, t.TempDir()
	if s.uptime == 0 {
		s.uptime = 24 * time.Hour
	}
	c := &Checker{
		Runner: s, Root: s.root,
		Now:   func() time.Time { return s.now },
		Sleep: func(ctx context.Context, d time.Duration) error { s.now = s.now.Add(d); return ctx.Err() },
		Dial:  (&net.Dialer{}).DialContext, Client: http.DefaultClient,
		Paths: system.PathsUnder(s.root), StateHome: func(user string) string { return filepath.Join(s.root, user) },
	}
	put(t, c, "proc/uptime", fmt.Sprintf("%.2f 1.00\n", s.uptime.Seconds()))
	return c
}

// built gives the machine a system with these unit files: "name" or "name: line
// of the file", "name -> other name", "target/name" for a link in target.wants.
func built(t *testing.T, c *Checker, files ...string) {
	t.Helper()
	dir := c.path("run/current-system/etc/systemd/system")
	store := c.path("store")
	for _, d := range []string{dir, store} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		name, line, _ := strings.Cut(f, ": ")
		if alias, real, ok := strings.Cut(f, " -> "); ok {
			link(real, alias)
			continue
		}
		if target, unit, ok := strings.Cut(name, "/"); ok {
			link("../"+unit, target+".wants/"+unit)
			continue
		}
		// As NixOS has them: a link to a file of that name in the store.
		put(t, c, "store/unit-"+name+"/"+name, "[Unit]\n"+line+"\n")
		link(filepath.Join(store, "unit-"+name, name), name)
	}
}

func put(t *testing.T, c *Checker, name, text string) {
	t.Helper()
	p := c.path(name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestKinds(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			w.WriteHeader(http.StatusUnauthorized)
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer web.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()

	c := checker(t, &systemd{})
	c.Timeout = time.Second
	put(t, c, "proc/self/mountinfo", "20 1 8:2 / / rw - ext4 /dev/sda2 rw\n21 20 8:17 / /mnt/my\\040data rw - ext4 /dev/sdb1 rw\n")
	put(t, c, "etc/there", "")
	put(t, c, "run/current-system/sw/bin/git", "")
	put(t, c, "dev/dri/renderD128", "")
	if err := os.MkdirAll(c.path("sys/class/drm/renderD128/device"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../bus/pci/drivers/amdgpu", c.path("sys/class/drm/renderD128/device/driver")); err != nil {
		t.Fatal(err)
	}
	put(t, c, "store/gen/activate", "")
	if err := os.MkdirAll(c.path("ada/nix/profiles"), 0o755); err != nil {
		t.Fatal(err)
	}
	// bob's profile is in the old place (look.sh).
	perUser := filepath.Join(c.Paths.PerUser, "bob")
	if err := os.MkdirAll(perUser, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, profile := range []string{c.path("ada/nix/profiles/home-manager"), filepath.Join(perUser, "home-manager")} {
		if err := os.Symlink(c.path("store/gen"), profile); err != nil {
			t.Fatal(err)
		}
	}
	gen, _ := filepath.EvalSymlinks(c.path("store/gen"))

	for name, k := range map[string]struct {
		check Check
		want  Outcome
		says  string
	}{
		"mount":            {Check{Kind: Mount, Target: "/mnt/my data"}, Passed, "/dev/sdb1 on /mnt/my data (ext4)"},
		"no mount":         {Check{Kind: Mount, Target: "/mnt"}, Failed, "nothing is mounted"},
		"port":             {Check{Kind: Port, Target: web.Listener.Addr().String()}, Passed, "answers"},
		"no port":          {Check{Kind: Port, Target: nobody}, Failed, "does not answer"},
		"http":             {Check{Kind: HTTP, Target: web.URL}, Passed, "200 OK"},
		"http with status": {Check{Kind: HTTP, Target: web.URL + "/login", Status: 401}, Passed, "401"},
		"http broken":      {Check{Kind: HTTP, Target: web.URL + "/broken"}, Failed, "502"},
		"home, old place":  {Check{Kind: Home, User: "bob", Target: gen}, Passed, "gen"},
		"home":             {Check{Kind: Home, User: "ada", Target: gen}, Passed, "store/gen"},
		"other home":       {Check{Kind: Home, User: "ada", Target: "/nix/store/x"}, Failed, "not /nix/store/x"},
		"no home":          {Check{Kind: Home, User: "eve"}, Failed, "has no home-manager generation"},
		"file":             {Check{Kind: File, Target: "/etc/there"}, Passed, "is there"},
		"no file":          {Check{Kind: File, Target: "/etc/not"}, Failed, "is missing"},
		"program":          {Check{Kind: Program, Target: "git"}, Passed, "sw/bin/git"},
		"no program":       {Check{Kind: Program, Target: "hg"}, Failed, "not in the system's PATH"},
		"amd":              {Check{Kind: GPU, Target: "amd"}, Passed, "renderD128 by amdgpu"},
		"intel":            {Check{Kind: GPU, Target: "intel"}, Failed, "no render node of i915 or xe"},
		"nvidia":           {Check{Kind: GPU, Target: "nvidia"}, Passed, "RTX 4090"},
		"unheard of":       {Check{Kind: "magic"}, Unknown, `unknown kind of check "magic"`},
	} {
		t.Run(name, func(t *testing.T) {
			k.check.Required = true
			r := c.Run(t.Context(), []Check{k.check})
			f := r.Findings[0]
			if f.Outcome != k.want || !strings.Contains(f.Evidence, k.says) {
				t.Errorf("%s: %s; want %s with %q", f.Outcome, f.Evidence, k.want, k.says)
			}
			if r.Healthy() != (k.want != Failed) {
				t.Errorf("healthy: %t", r.Healthy())
			}
		})
	}
}

func TestOptionalChecksOnlyWarn(t *testing.T) {
	c := checker(t, &systemd{nvidia: &run.Error{Command: "nvidia-smi", Code: 9}})
	r := c.Run(t.Context(), []Check{{Name: "gpu", Kind: GPU, Target: "nvidia", Hint: "reboot"}, {Name: "file", Kind: File, Target: "/x"}})
	if !r.Healthy() || r.Warnings != 2 {
		t.Errorf("%+v", r)
	}
	c = checker(t, &systemd{nvidia: &run.Error{Command: "nvidia-smi", Code: -1, Err: exec.ErrNotFound}})
	if r := c.Run(t.Context(), []Check{{Kind: GPU, Target: "nvidia", Required: true}}); r.Unknown != 1 {
		t.Errorf("a driver that is not installed yet: %+v", r)
	}
}

// page is a checker whose port answers after so long; 0: never.
func page(c *Checker, s *systemd, after time.Duration) {
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		if after == 0 || s.now.Sub(s.start) < after {
			return nil, errors.New("connection refused")
		}
		a, b := net.Pipe()
		b.Close()
		return a, nil
	}
}

func TestTwentySecondsAreTwentySeconds(t *testing.T) {
	port := []Check{{Kind: Port, Target: "127.0.0.1:1", Required: true}}
	for _, k := range []struct {
		after, timeout, ends time.Duration
		want                 Outcome
	}{
		{3 * time.Second, 0, 3 * time.Second, Passed},
		{20 * time.Second, 0, 20 * time.Second, Passed},
		{21 * time.Second, 0, 20 * time.Second, Failed},
		{0, 0, 20 * time.Second, Failed},
		{0, 2500 * time.Millisecond, 2500 * time.Millisecond, Failed},
		{50 * time.Second, time.Minute, 50 * time.Second, Passed},
	} {
		s := &systemd{}
		c := checker(t, s)
		c.Timeout = k.timeout
		page(c, s, k.after)
		r := c.Run(t.Context(), port)
		if f := r.Findings[0]; f.Outcome != k.want || s.now.Sub(s.start) != k.ends || f.Seconds != k.ends.Seconds() {
			t.Errorf("%+v: %s after %s: %+v", k, f.Outcome, s.now.Sub(s.start), f)
		}
	}
}

// A clock that stands still, or is set back, does not make it wait for ever, nor longer.
func TestTheWaitEndsWhateverTheClockSays(t *testing.T) {
	for name, step := range map[string]time.Duration{"stands still": 0, "goes back": -time.Hour} {
		s := &systemd{}
		c := checker(t, s)
		page(c, s, 0)
		slept := time.Duration(0)
		c.Sleep = func(_ context.Context, d time.Duration) error {
			slept += d
			s.now = s.now.Add(step)
			return nil
		}
		checks := []Check{{Kind: Port, Target: "127.0.0.1:1", Required: true, Grace: time.Minute}}
		if r := c.Run(t.Context(), checks); r.Starting != 1 || slept != DefaultTimeout {
			t.Errorf("%s: %+v after %s", name, r, slept)
		}
		c.Wait = true
		if r := c.Run(t.Context(), checks); r.Failed != 1 || slept != DefaultTimeout+time.Minute {
			t.Errorf("%s: %+v after %s", name, r, slept)
		}
	}
}

func TestInterruptedChecksAreUnknown(t *testing.T) {
	c := checker(t, &systemd{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := c.Run(ctx, []Check{{Kind: File, Target: "/x", Required: true}}); r.Unknown != 1 || !r.Healthy() {
		t.Errorf("%+v", r)
	}
}

func TestReportsKeepTheirOrder(t *testing.T) {
	c := checker(t, &systemd{})
	var at atomic.Int32
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		time.Sleep(time.Duration(5-at.Add(1)) * time.Millisecond)
		a, b := net.Pipe()
		b.Close()
		return a, nil
	}
	var checks []Check
	for i := range 5 {
		checks = append(checks, Check{Name: fmt.Sprint(i), Kind: Port})
	}
	for i, f := range c.Run(t.Context(), checks).Findings {
		if f.Name != fmt.Sprint(i) {
			t.Errorf("finding %d is of check %s", i, f.Name)
		}
	}
}

func TestFixRunsOnlySafeActionsAndLooksAgain(t *testing.T) {
	s := &systemd{units: map[string]string{
		"db.service": "ActiveState=failed SubState=failed Result=exit-code ExecMainStatus=3",
	}}
	c := checker(t, s)
	checks := []Check{
		{Name: "db", Kind: Unit, Target: "db.service", Required: true}, {Name: "x", Kind: Unit, Target: "x.service", Required: true},
		{Name: "file", Kind: File, Target: "/x", Required: true},
	}
	r := c.Run(t.Context(), checks)
	s.ran = nil
	actions := c.Fixes(r)
	if len(actions) != 1 || actions[0].Command.String() != "systemctl restart -- db.service" || !actions[0].Command.Elevate {
		t.Fatalf("actions %+v", actions)
	}
	s.units["db.service"] = "ActiveState=active SubState=running"
	after := c.Fix(t.Context(), checks, r)
	if after.Findings[0].Outcome != Passed || after.Findings[0].Fixed != "systemctl restart -- db.service" || after.Failed != 2 {
		t.Errorf("%+v", after)
	}
	if !slices.Contains(s.ran, "systemctl restart -- db.service") {
		t.Errorf("ran %q", s.ran)
	}
}
