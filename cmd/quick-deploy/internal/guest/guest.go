// Package guest is a running virtual machine: the one that the run script of nixos-rebuild build-vm starts
// (nixpkgs, nixos/modules/virtualisation/qemu-vm.nix), with ports of it on this machine, and commands inside by the
// QEMU guest agent, which NixOS has in such machines (virtualisation.qemu.guestAgent).
package guest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// Port is a TCP port of the machine that is reached through one of this machine, on 127.0.0.1. The machine gets such a
// connection on its own network interface and not on its 127.0.0.1.
type Port struct {
	Name  string // what answers there
	Guest int
	Host  int // as FreePorts chooses it
}

// Options say how a machine is started.
type Options struct {
	Script string // the run script, an absolute path: result/bin/run-NAME-vm
	Dir    string // where the machine gets a private folder for all of its files; Stop removes it
	// Disk is the file with the machine's disk, which the script makes if it is missing: it is kept. "": a new one
	// in the private folder.
	Disk   string
	Ports  []Port
	Window bool     // shows the machine's screen
	Env    []string // what a window needs of the environment: DISPLAY, WAYLAND_DISPLAY, XAUTHORITY
	// Terminal makes the terminal that the program was started from the machine's console.
	Terminal bool
	Slow     bool // there is no KVM: everything may take longer
	// Out gets what the machine and QEMU say: kernel, boot, what the script prints. nil: nobody does.
	Out io.Writer
}

// Machine is a virtual machine that was started.
type Machine struct {
	o     Options
	dir   string
	disk  string // the file in use: one that is to be kept gets its name when the script has made all of it
	inner inside
	end   context.CancelFunc
	done  chan struct{} // closed when it has ended
	err   error         // how, once done is closed
}

// consoles are the serial devices that QEMU has (nixpkgs, nixos/lib/qemu-common.nix: qemuSerialDevice).
var consoles = map[string]string{"amd64": "ttyS0", "arm64": "ttyAMA0"}

// Start starts the machine and does not wait for it. It runs until it ends by itself or Stop ends it, which must be
// called in any case; ctx ends only the start.
func Start(ctx context.Context, runner run.Runner, o Options) (_ *Machine, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// The script hands them to QEMU as they are, which takes what follows a comma for an option.
	for _, path := range []string{o.Dir, o.Disk} {
		if strings.Contains(path, ",") {
			return nil, fmt.Errorf("QEMU takes no path with a comma: %s", path)
		}
	}
	m := &Machine{o: o, done: make(chan struct{}), inner: inside{here: runner, agent: &agent{}}}
	if m.dir, err = os.MkdirTemp(o.Dir, "quick-deploy-vm-"); err != nil {
		return nil, err
	}
	m.disk = m.diskFile()
	if m.inner.agent.dir, err = os.Open(m.dir); err != nil {
		os.RemoveAll(m.dir)
		return nil, err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	m.end = cancel
	go func() {
		defer close(m.done)
		_, m.err = runner.Run(life, m.command())
	}()
	return m, nil
}

// diskFile is the file for the disk, as long as the machine runs.
func (m *Machine) diskFile() string {
	switch {
	case m.o.Disk == "":
		return filepath.Join(m.dir, "disk.qcow2")
	case exists(m.o.Disk):
		return m.o.Disk
	}
	return filepath.Join(filepath.Dir(m.o.Disk), "."+filepath.Base(m.dir)+".qcow2")
}

// command is the call of the script. All of its relative names are of the machine's folder.
func (m *Machine) command() run.Command {
	var forward []string
	for _, p := range m.o.Ports {
		if rule := fmt.Sprintf("hostfwd=tcp:127.0.0.1:%d-:%d", p.Host, p.Guest); !slices.Contains(forward, rule) {
			forward = append(forward, rule)
		}
	}
	kernel := []string{"console=" + consoles[runtime.GOARCH]}
	if m.o.Slow {
		// systemd(1): its own limits would end what only takes longer.
		kernel = append(kernel, "systemd.default_timeout_start_sec=30min", "systemd.default_device_timeout_sec=30min")
	}
	c := run.Command{
		Name: m.o.Script, Dir: m.dir,
		// By arguments, since the script splits QEMU_OPTS at spaces. The agent's socket is a relative name because the
		// script goes to $TMPDIR, and because a path of QEMU's may have no comma.
		Args: []string{
			"-chardev", "socket,id=agent,path=" + agentSocket + ",server=on,wait=off", "-device", "virtio-serial",
			"-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
		},
		Env: append([]string{
			"NIX_DISK_IMAGE=" + m.disk, "TMPDIR=" + m.dir, "USE_TMPDIR=1", "QEMU_NET_OPTS=" + strings.Join(forward, ","),
			"QEMU_KERNEL_PARAMS=" + strings.Join(kernel, " "),
		}, m.o.Env...),
	}
	if !m.o.Window {
		c.Args = append(c.Args, "-display", "none")
	}
	if m.o.Terminal {
		c.Args = append(c.Args, "-serial", "mon:stdio")
		c.Terminal, c.Stdout, c.Stderr = true, os.Stdout, os.Stderr
		return c
	}
	c.Args = append(c.Args, "-serial", "stdio", "-monitor", "none")
	if m.o.Out != nil {
		c.OnLine = func(_ run.Stream, line string) { fmt.Fprintln(m.o.Out, line) }
	}
	return c
}

// Runner runs commands inside, as root.
func (m *Machine) Runner() run.Runner { return m.inner }

// ErrEnded is that the machine has ended.
var ErrEnded = errors.New("the virtual machine has ended")

// Ready waits until the agent answers and systemd has started what it starts at boot, be it that some of it failed.
// After an error that wraps ctx's it says what was missing.
func (m *Machine) Ready(ctx context.Context) error {
	ctx, cancel := m.whileRunning(ctx)
	defer cancel(nil)
	if err := m.inner.agent.wait(ctx); err != nil {
		return m.because(ctx, err)
	}
	res, err := m.inner.Run(ctx, run.Command{Name: "systemctl", Args: []string{"is-system-running", "--wait"}})
	switch state := strings.TrimSpace(res.Stdout); {
	case state == "running" || state == "degraded": // the latter is said with an exit code, too
		return nil
	case ctx.Err() != nil:
		return m.because(ctx, errors.Join(m.starting(context.WithoutCancel(ctx)), ctx.Err()))
	case err != nil && state == "":
		return fmt.Errorf("ask systemd in the virtual machine: %w", err)
	default:
		return fmt.Errorf("systemd in the virtual machine did not come up: it is in the state %s", state)
	}
}

// starting says what systemd is still starting.
func (m *Machine) starting(ctx context.Context) error {
	res, err := m.inner.Run(ctx, run.Command{
		Name: "systemctl", Args: []string{"list-units", "--state=activating", "--plain", "--no-legend", "--full"},
		Timeout: 30 * time.Second,
	})
	var units []string
	for line := range strings.Lines(res.Stdout) {
		if f := strings.Fields(line); len(f) > 0 {
			units = append(units, f[0])
		}
	}
	if err != nil || len(units) == 0 {
		return errors.New("it is still starting")
	}
	return fmt.Errorf("it is still starting %s", strings.Join(units, ", "))
}

// whileRunning is ctx until the machine ends.
func (m *Machine) whileRunning(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-m.done:
			cancel(ErrEnded)
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// because is err, or that the machine has ended where that was the reason.
func (m *Machine) because(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), ErrEnded) {
		return m.ended()
	}
	return err
}

// ended says why a machine that nobody has stopped is not there any more.
func (m *Machine) ended() error {
	if m.err == nil {
		return ErrEnded
	}
	why := m.err.Error()
	if e, ok := errors.AsType[*run.Error](m.err); ok {
		if last := bytes.TrimSpace([]byte(e.Tail)); len(last) > 0 {
			why = string(last[bytes.LastIndexByte(last, '\n')+1:])
		}
	}
	return fmt.Errorf("%w: %s", ErrEnded, why)
}

// Wait waits until the machine has ended, be it that somebody has shut it down from inside or closed its window. The
// error is ctx's, or says why QEMU failed.
func (m *Machine) Wait(ctx context.Context) error {
	select {
	case <-m.done:
		if m.err != nil {
			return m.ended()
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop ends the machine, and removes all of its files but a disk that is kept. One that is kept is not to be left as
// by a power cut: until ctx ends the machine may shut down by itself. What is left of it is killed.
func (m *Machine) Stop(ctx context.Context) error {
	if m.o.Disk != "" {
		m.shutDown(ctx)
	}
	m.end()
	<-m.done
	m.inner.agent.mu.Lock()
	defer m.inner.agent.mu.Unlock()
	m.inner.agent.close()
	m.inner.agent.dir.Close()
	return errors.Join(m.keep(), os.RemoveAll(m.dir))
}

// keep gives a new disk the name under which it is kept. One that the script was cut off from making is removed: when
// it is done it makes the folder xchg and starts QEMU.
func (m *Machine) keep() (err error) {
	if m.o.Disk == "" || m.disk == m.o.Disk {
		return nil
	}
	if exists(filepath.Join(m.dir, "xchg")) {
		err = os.Link(m.disk, m.o.Disk) // which replaces none that another machine has made meanwhile
	}
	if gone := os.Remove(m.disk); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	if err != nil {
		return fmt.Errorf("keep the disk: %w", err)
	}
	return nil
}

// exists tells whether there is a file that can be seen.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// shutDown asks the machine to shut down, and waits for that.
func (m *Machine) shutDown(ctx context.Context) {
	ask, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	// One that has not got as far as its agent has nothing to lose.
	if m.inner.agent.tell(ask, "guest-shutdown", map[string]any{"mode": "powerdown"}) != nil {
		return
	}
	select {
	case <-m.done:
	case <-ctx.Done():
	}
}

// Dial connects to an address as the machine sees it.
func (m *Machine) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	return dial(ctx, m.inner, address)
}

// slowdown is how much longer things may take where the processor is emulated.
const slowdown = 10

// Checker looks at the machine from inside, as at one that is reached by ssh: 127.0.0.1 is the machine's own.
func (m *Machine) Checker() *health.Checker {
	c := &health.Checker{
		Runner: m.inner, Paths: system.PathsUnder("/"), Dial: m.Dial, Now: time.Now, Wait: true,
		StateHome: func(user string) string { return filepath.Join("/home", user, ".local/state") },
		Client: &http.Client{
			Transport:     &http.Transport{DialContext: m.Dial, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Sleep: func(ctx context.Context, d time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
				return nil
			}
		},
	}
	if m.o.Slow {
		c.Timeout = slowdown * health.DefaultTimeout
	}
	return c
}

// Checks are those of a host's checks that say something about a virtual machine: it has no graphics card and no disk
// of the real one. Where it is slow, services have more time.
func Checks(all []health.Check, slow bool) []health.Check {
	checks := slices.DeleteFunc(slices.Clone(all), func(c health.Check) bool {
		return !c.Kind.Remote() && c.Kind != health.Home
	})
	for i := range checks {
		if slow {
			checks[i].Grace *= slowdown
		}
	}
	return checks
}

// FreePorts chooses the Host of each port: the one that it has, or else the number inside, where that is free, and
// another where it is not. What is inside behind one port gets one. They stay free only as long as nobody else takes
// them.
func FreePorts(wanted []Port) ([]Port, error) {
	ports := slices.Clone(wanted)
	for i := range ports {
		p := &ports[i]
		if j := slices.IndexFunc(ports[:i], func(q Port) bool { return q.Guest == p.Guest }); j >= 0 {
			p.Host = ports[j].Host
			continue
		}
		number := cmp.Or(p.Host, p.Guest)
		if number < 1024 { // which takes root: 8080 for 80, 8443 for 443
			number += 8000
		}
		l, err := listen(number)
		if err != nil {
			l, err = listen(0)
		}
		if err != nil {
			return nil, fmt.Errorf("find a free port for %s: %w", p.Name, err)
		}
		defer l.Close() // at the end, so that no other one gets it
		p.Host = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// KVM says why the processor would have to be emulated, nil if it would not: device is /dev/kvm, which QEMU opens.
func KVM(device string) error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
