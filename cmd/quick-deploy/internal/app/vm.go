package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/guest"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
)

// VMOptions are the flags of vm.
type VMOptions struct {
	RunOptions
	Size generator.VMSize
	// NoStart only builds, Check looks at the health of the machine and ends it.
	NoStart, Check bool
	// Keep keeps the machine's disk for the next time.
	Keep bool
	// Timeout is how long Check waits, 0: by how fast the machine is.
	Timeout time.Duration
}

// How long a check waits where nobody says.
const (
	vmTimeout     = 10 * time.Minute
	vmSlowTimeout = time.Hour // the processor is emulated
)

// builtVM is a virtual machine that was built, and how it is reached.
type builtVM struct {
	Script   string   `json:"script"` // starts it, in the store
	Users    []string `json:"users"`
	Password string   `json:"password"`
	Pages    []vmPage `json:"pages"` // empty where it is not started
	Secrets  []string `json:"secrets,omitempty"`
	Disk     string   `json:"disk,omitempty"` // that is kept
}

type vmPage struct {
	Service string `json:"service"`
	URL     string `json:"url"`
}

// VM builds a host as a virtual machine and starts it. With Check it returns what was found inside.
func VM(ctx context.Context, a *App, o VMOptions) (*health.Report, error) {
	var vm generator.VM
	made, err := Make(ctx, a, deploy.VM, o.RunOptions, func(g *Generated, host string) (_ *deploy.Extension, err error) {
		h := g.host(host)
		if arch, _, _ := strings.Cut(h.System, "-"); arch != nixArch[runtime.GOARCH] && !o.NoStart && !a.DryRun {
			return nil, fault.New(fault.Preflight, "host %s is for %s: its virtual machine starts only on such a machine",
				host, h.System).Hint("--no-start only builds it")
		}
		vm, err = h.VM(o.Size)
		return &deploy.Extension{Args: []string{"build-vm"}, Files: vm.Files}, err
	})
	if err != nil {
		return nil, err
	}
	defer made.Session.Close()
	if a.DryRun {
		return nil, nil
	}
	built := builtVM{Users: vm.Users, Password: generator.VMPassword, Pages: []vmPage{}, Secrets: vm.Secrets}
	if built.Script, err = runScript(made.Path); err != nil {
		return nil, err
	}
	if o.NoStart {
		return nil, a.tellVM(made.Host, built, built.Script)
	}
	// The disk may grow to many GiB: not where /tmp is memory.
	dir, err := os.MkdirTemp(cmp.Or(os.Getenv("TMPDIR"), "/var/tmp"), "quick-deploy-vm-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the virtual machine: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := made.Session.Deployer.Hold(ctx, made.Path, filepath.Join(dir, "result")); err != nil {
		return nil, err
	}
	opts := guest.Options{Script: built.Script, Dir: dir, Out: vmLog(a)}
	if o.Keep {
		opts.Disk = filepath.Join(StateDir(), "vms", made.Host+".qcow2")
		built.Disk = opts.Disk
		if err := os.MkdirAll(filepath.Dir(opts.Disk), 0o700); err != nil {
			return nil, fmt.Errorf("make a folder for the disk: %w", err)
		}
	}
	if slow := guest.KVM("/dev/kvm"); slow != nil {
		opts.Slow = true
		a.Say("note: without KVM the processor is emulated, and a boot takes minutes: %v", slow)
		if errors.Is(slow, fs.ErrPermission) {
			a.Say("hint: add yourself to the group kvm, then log in again")
		}
	}
	if opts.Ports, built.Pages, err = forward(vm.Pages); err != nil {
		return nil, err
	}
	if !o.Check {
		a.openScreen(&opts)
	}
	return a.startVM(ctx, made, opts, built, o)
}

// startVM starts the machine, and ends it when it was checked or somebody wants that.
func (a *App) startVM(
	ctx context.Context, made *Made, opts guest.Options, built builtVM, o VMOptions,
) (report *health.Report, err error) {
	if !o.Check {
		var lines []string
		for _, p := range built.Pages {
			lines = append(lines, p.URL+" → "+p.Service)
		}
		if err := a.tellVM(made.Host, built, lines...); err != nil {
			return nil, err
		}
		end := "Ctrl-C ends it"
		if opts.Terminal {
			end = "this terminal is its console; Ctrl-A X ends it"
		}
		a.Say("%s", end)
	}
	m, err := guest.Start(ctx, a.Runner(), opts)
	if err != nil {
		return nil, fmt.Errorf("start the virtual machine: %w", err)
	}
	defer func() {
		// One whose disk is kept may shut down by itself.
		quiet, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, m.Stop(quiet))
	}()
	if !o.Check {
		switch err := m.Wait(ctx); {
		case ctx.Err() != nil:
			a.Say("ending the virtual machine")
		case err != nil:
			return nil, a.noteLog(fault.New(fault.Unexpected, "%w", err))
		}
		return nil, nil
	}
	return a.checkVM(ctx, m, HealthChecks(made.Generated, made.Host), opts.Slow, o.Timeout)
}

// checkVM waits until the machine is up, and looks at its health from inside.
func (a *App) checkVM(
	ctx context.Context, m *guest.Machine, checks []health.Check, slow bool, limit time.Duration,
) (*health.Report, error) {
	if limit == 0 {
		if limit = vmTimeout; slow {
			limit = vmSlowTimeout
		}
	}
	a.Say("waiting up to %s for the virtual machine to start and be checked", limit)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := a.Now()
	err := m.Ready(limited)
	switch {
	case ctx.Err() != nil:
		return nil, fault.New(fault.Interrupted, "interrupted while the virtual machine started")
	case limited.Err() != nil:
		return nil, a.noteLog(fault.New(fault.Timeout, "the virtual machine was not up after %s: %w", limit, err).
			Hint("--timeout waits longer"))
	case err != nil:
		return nil, a.noteLog(fault.New(fault.Health, "%w", err))
	}
	a.Say("it was up after %s", a.Now().Sub(start).Round(time.Second))
	c := m.Checker()
	c.Pending = func(f health.Finding) { a.Say("waiting for %s: %s", f.Name, f.Evidence) }
	report := c.Run(limited, guest.Checks(checks, slow))
	switch {
	case ctx.Err() != nil:
		return nil, fault.New(fault.Interrupted, "interrupted while the virtual machine was checked")
	case limited.Err() != nil && report.Healthy():
		return nil, a.noteLog(fault.New(fault.Timeout, "the health of the virtual machine is not known after %s: %s",
			limit, &report).Hint("--timeout waits longer"))
	}
	return &report, nil
}

// noteLog adds where the log is, which has what the machine said.
func (a *App) noteLog(e *fault.Error) error {
	if a.LogFile != nil {
		e.Note("log: %s", a.LogFile.Path())
	}
	return e
}

// tellVM says how to log in, and prints lines of data.
func (a *App) tellVM(host string, built builtVM, lines ...string) error {
	if a.JSON {
		return a.PrintEvent(journal.Event{Type: "vm", Host: host, Message: built.Script, Data: built})
	}
	users := term.List(append(built.Users, "root"))
	a.Say("accounts in the virtual machine: %s; their password: %s", users, built.Password)
	if len(built.Secrets) > 0 {
		a.Say("throwaway secrets take the place of %s", term.List(built.Secrets))
	}
	if built.Disk != "" {
		a.Say("its disk is kept: %s", built.Disk)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(a.Out, line); err != nil {
			return err
		}
	}
	return nil
}

// openScreen shows the machine in a window where there is a display, else on the terminal.
func (a *App) openScreen(o *guest.Options) {
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"} {
		if value := os.Getenv(name); value != "" {
			o.Env = append(o.Env, name+"="+value)
			o.Window = o.Window || name != "XAUTHORITY"
		}
	}
	o.Terminal = !o.Window && a.Asks && !a.JSON
}

// runScript is the script of a virtual machine's closure that starts it.
func runScript(built string) (string, error) {
	scripts, _ := filepath.Glob(filepath.Join(built, "bin", "run-*-vm")) // the pattern is right
	if len(scripts) != 1 {
		return "", fault.New(fault.Build, "%s is not a virtual machine: it has no bin/run-NAME-vm", built).
			Hint("is the host's system.build.vm overridden somewhere?")
	}
	return scripts[0], nil
}

// forward chooses a port of this machine for each page, the same as in the virtual machine where that is free.
func forward(pages []generator.VMPage) ([]guest.Port, []vmPage, error) {
	var wanted []guest.Port
	for _, p := range pages {
		wanted = append(wanted, guest.Port{Name: p.Service, Guest: p.Number})
	}
	ports, err := guest.FreePorts(wanted)
	if err != nil {
		return nil, nil, err
	}
	urls := []vmPage{}
	for i, p := range pages {
		scheme := "http"
		if p.Name == "https" {
			scheme = "https"
		}
		urls = append(urls, vmPage{p.Service, fmt.Sprintf("%s://localhost:%d", scheme, ports[i].Host)})
		ports[i].Guest = p.Guest
	}
	return ports, urls, nil
}

// vmLog has the log keep what a virtual machine says, a line each.
func vmLog(a *App) io.Writer {
	if a.LogFile == nil {
		return nil
	}
	return lineWriter(func(line string) { a.LogFile.Output("vm", run.Stdout, line) })
}

type lineWriter func(line string)

func (w lineWriter) Write(line []byte) (int, error) {
	w(strings.TrimRight(string(line), "\r\n"))
	return len(line), nil
}
