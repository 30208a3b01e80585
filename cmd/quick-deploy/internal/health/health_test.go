package health

import (
	"context"
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
	"sync/atomic"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// systemd answers systemctl from a table of unit properties.
type systemd struct {
	units  map[string]string
	failed string
	nvidia error
	ran    []string
}

func (s *systemd) LookPath(name string) (string, error) {
	switch name {
	case "vulkaninfo", "glxinfo", "vainfo":
		return "", exec.ErrNotFound
	}
	return "/bin/" + name, nil
}

func (s *systemd) Run(_ context.Context, c run.Command) (run.Result, error) {
	s.ran = append(s.ran, c.String())
	switch {
	case c.Name == "nvidia-smi":
		return run.Result{Stdout: "RTX 4090, 560.1\n"}, s.nvidia
	case slices.Contains(c.Args, "list-units"):
		return run.Result{Stdout: s.failed}, nil
	case slices.Contains(c.Args, "show"):
		props, ok := s.units[c.Args[len(c.Args)-1]]
		if !ok {
			props = "LoadState=not-found ActiveState=inactive"
		}
		if props == "no bus" {
			return run.Result{Code: 1}, &run.Error{Command: "systemctl", Code: 1}
		}
		return run.Result{Stdout: strings.ReplaceAll(props, " ", "\n") + "\n"}, nil
	}
	return run.Result{}, nil
}

func checker(t *testing.T, s *systemd) *Checker {
	t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &Checker{
		Runner: s, Root: t.TempDir(), User: "ada",
		Now:   func() time.Time { return now },
		Sleep: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
		Dial:  (&net.Dialer{}).DialContext, Client: http.DefaultClient, Grace: 5 * time.Second, Parallel: 1,
		HomeProfile: func(string) string { return "" },
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

	s := &systemd{
		units: map[string]string{
			"nginx.service":   "LoadState=loaded ActiveState=active SubState=running",
			"db.service":      "LoadState=loaded ActiveState=failed SubState=failed Result=exit-code ExecMainStatus=3",
			"setup.service":   "LoadState=loaded ActiveState=inactive SubState=dead Result=success Type=oneshot",
			"off.service":     "LoadState=masked ActiveState=inactive",
			"cond.service":    "LoadState=loaded ActiveState=inactive Type=simple ConditionResult=no",
			"stopped.service": "LoadState=loaded ActiveState=inactive SubState=dead Result=success Type=simple",
			"nobus.service":   "no bus",
			"backup.timer":    "LoadState=loaded ActiveState=active SubState=waiting",
			"once.timer":      "LoadState=loaded ActiveState=active SubState=elapsed",
		},
		failed: "old.service loaded failed failed Old\nnew.service loaded failed failed New\n",
	}
	c := checker(t, s)
	c.Failed = []string{"old.service"}
	put(t, c, "proc/self/mounts", "/dev/sda2 / ext4 rw 0 0\n/dev/sdb1 /mnt/my\\040data ext4 rw 0 0\n")
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
	if err := os.Symlink(c.path("store/gen"), c.path("home-manager")); err != nil {
		t.Fatal(err)
	}
	c.HomeProfile = func(u string) string {
		return map[string]string{"ada": c.path("home-manager"), "eve": c.path("none")}[u]
	}
	gen, _ := filepath.EvalSymlinks(c.path("store/gen"))

	for name, k := range map[string]struct {
		check Check
		want  Outcome
		says  string
	}{
		"active":           {Check{Kind: Unit, Target: "nginx.service"}, Passed, "active (running)"},
		"failed":           {Check{Kind: Unit, Target: "db.service"}, Failed, "is failed (failed), result exit-code, exit status 3"},
		"oneshot":          {Check{Kind: Unit, Target: "setup.service"}, Passed, "has run"},
		"masked":           {Check{Kind: Unit, Target: "off.service"}, Failed, "is masked"},
		"condition":        {Check{Kind: Unit, Target: "cond.service"}, Passed, "condition"},
		"stopped":          {Check{Kind: Unit, Target: "stopped.service"}, Failed, "inactive"},
		"no such unit":     {Check{Kind: Unit, Target: "x.service"}, Failed, "does not exist"},
		"no bus":           {Check{Kind: UserUnit, Target: "nobus.service"}, Unknown, "cannot be looked at"},
		"timer":            {Check{Kind: Timer, Target: "backup.timer"}, Passed, "waiting"},
		"timer that ended": {Check{Kind: Timer, Target: "once.timer"}, Failed, "no next run"},
		"failed units":     {Check{Kind: FailedUnits}, Failed, "failed: new.service"},
		"mount":            {Check{Kind: Mount, Target: "/mnt/my data"}, Passed, "/dev/sdb1 on /mnt/my data (ext4)"},
		"no mount":         {Check{Kind: Mount, Target: "/mnt"}, Failed, "nothing is mounted"},
		"port":             {Check{Kind: Port, Target: web.Listener.Addr().String()}, Passed, "answers"},
		"no port":          {Check{Kind: Port, Target: nobody}, Failed, "does not answer"},
		"http":             {Check{Kind: HTTP, Target: web.URL}, Passed, "200 OK"},
		"http with status": {Check{Kind: HTTP, Target: web.URL + "/login", Status: 401}, Passed, "401"},
		"http broken":      {Check{Kind: HTTP, Target: web.URL + "/broken"}, Failed, "502"},
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
		"unheard of":       {Check{Kind: "magic"}, Unknown, `no check of kind "magic"`},
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

func TestGracePeriod(t *testing.T) {
	c := checker(t, &systemd{})
	tries := 0
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		if tries++; tries < 4 {
			return nil, errors.New("connection refused")
		}
		a, b := net.Pipe()
		b.Close()
		return a, nil
	}
	if r := c.Run(t.Context(), []Check{{Kind: Port, Target: "127.0.0.1:1", Required: true}}); r.Passed != 1 || tries != 4 {
		t.Errorf("%d tries, %+v", tries, r)
	}
	tries = -1000
	r := c.Run(t.Context(), []Check{{Kind: Port, Target: "127.0.0.1:1", Required: true, Grace: 3 * time.Second}})
	if r.Failed != 1 || tries > -990 {
		t.Errorf("%d tries, %+v", tries+1000, r)
	}
	// A clock that stands still does not make it wait for ever.
	tries = -1000
	c.Sleep = func(context.Context, time.Duration) error { return nil }
	if r := c.Run(t.Context(), []Check{{Kind: Port, Target: "127.0.0.1:1", Required: true}}); r.Failed != 1 {
		t.Errorf("%+v", r)
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
	c.Parallel = 4
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
		"db.service": "LoadState=loaded ActiveState=failed SubState=failed Result=exit-code ExecMainStatus=3",
		"x.service":  "LoadState=not-found ActiveState=inactive",
	}}
	c := checker(t, s)
	checks := []Check{{Name: "db", Kind: Unit, Target: "db.service", Required: true}, {Name: "x", Kind: Unit, Target: "x.service", Required: true}, {Name: "file", Kind: File, Target: "/x", Required: true}}
	r := c.Run(t.Context(), checks)
	s.ran = nil
	actions := c.Fixes(r)
	if len(actions) != 1 || actions[0].Command.String() != "systemctl restart -- db.service" || !actions[0].Command.Elevate {
		t.Fatalf("actions %+v", actions)
	}
	s.units["db.service"] = "LoadState=loaded ActiveState=active SubState=running"
	after := c.Fix(t.Context(), r)
	if after.Findings[0].Outcome != Passed || after.Findings[0].Fixed != "systemctl restart -- db.service" || after.Failed != 2 {
		t.Errorf("%+v", after)
	}
	if !slices.Contains(s.ran, "systemctl restart -- db.service") {
		t.Errorf("ran %q", s.ran)
	}
}
