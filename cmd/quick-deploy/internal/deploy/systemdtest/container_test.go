package systemdtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// machine is a NixOS made of stand-ins on a Debian whose systemd is real: it runs in namespaces,
// on a file system that is laid over layers which machines share.
type machine struct {
	t      testing.TB
	peer   *machine // at the other end of its cable
	disk   string   // its size, for mount; "": what the tests have
	dir    string   // up and work of the overlay
	layers []string
	pid    int    // of its init, 0: off
	group  string // its control group
	init   *exec.Cmd
}

var groups atomic.Int32

// newMachine makes a machine on layers, the topmost first. It ends with the test.
func newMachine(t testing.TB, layers ...string) *machine {
	t.Helper()
	dir, err := os.MkdirTemp("", "quick-deploy-machine-")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: dir, layers: layers}
	t.Cleanup(func() {
		m.cut()
		os.RemoveAll(dir)
	})
	return m
}

// start turns the machine on.
func (m *machine) start() *machine {
	m.t.Helper()
	m.group = fmt.Sprintf("quick-deploy-test-%d-%d", os.Getpid(), groups.Add(1))
	var log bytes.Buffer
	m.init = exec.Command("bash", "-c", source("machine/boot"), "boot",
		m.group, m.dir, strings.Join(m.layers, ":"), m.disk)
	m.init.Stderr, m.init.WaitDelay = &log, time.Second
	m.init.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC |
			syscall.CLONE_NEWNET,
	}
	if err := m.init.Start(); err != nil {
		m.t.Fatalf("start a machine: %v", err)
	}
	m.pid = m.init.Process.Pid
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(m.path("/run/systemd/private")); err == nil {
			break
		}
		if time.Now().After(end) {
			m.t.Fatalf("systemd did not start: %s", &log)
		}
	}
	// "degraded" ends with 1: that a unit has failed is for the test to judge.
	if out, _ := m.root("systemctl is-system-running --wait"); out != "running\n" && out != "degraded\n" {
		m.t.Fatalf("systemd did not come up: %s", out)
	}
	return m
}

// cut ends the machine as a power cut does.
func (m *machine) cut() {
	if m.pid == 0 {
		return
	}
	_ = syscall.Kill(m.pid, syscall.SIGKILL)
	m.ended()
}

// ended waits until the machine is off, and removes its control groups.
func (m *machine) ended() {
	m.t.Helper()
	_ = m.init.Wait()
	m.pid = 0
	const remove = `mount -t cgroup2 cgroup2 "$1" && find "$1/$2" -depth -type d -exec rmdir {} +`
	out, err := exec.Command("unshare", "--mount", "sh", "-c", remove, "sh", m.dir, m.group).CombinedOutput()
	if err != nil {
		m.t.Errorf("remove the control groups: %v: %s", err, out)
	}
}

// path is a file of the running machine, seen from outside.
func (m *machine) path(name string) string {
	return filepath.Join("/proc", fmt.Sprint(m.pid), "root", name)
}

// inside is a command inside of the machine, as a user, in a control group of its user.slice.
func (m *machine) inside(ctx context.Context, user, script string, args ...string) *exec.Cmd {
	full := strings.Fields("-m -p -u -i -n -C -r -w -t " + strconv.Itoa(m.pid))
	full = append(full, "/test/enter", user, script, "test")
	cmd := exec.CommandContext(ctx, "nsenter", append(full, args...)...)
	cmd.WaitDelay = time.Second
	return cmd
}

// root runs a script as root and returns what it printed.
func (m *machine) root(script string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := m.inside(ctx, "root", script, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return string(out), err
}

// must runs a script as a user and fails the test if it does.
func (m *machine) must(user, script string, args ...string) string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := m.inside(ctx, user, script, args...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}
