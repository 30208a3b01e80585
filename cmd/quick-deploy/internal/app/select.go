package app

import (
	"errors"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// selected are the hosts that --on, or --host, names; without both all.
func (a *App) selected(l *loaded) ([]*profile.Host, error) {
	on := a.On
	if a.Host != "" {
		if len(on) > 0 {
			return nil, fault.New(fault.Usage, "--on and --host exclude each other")
		}
		name, err := a.hostName(l)
		if err != nil {
			return nil, err
		}
		on = []string{name}
	}
	hosts, err := l.profile.Select(on...)
	if err != nil {
		return nil, selectorFault("--on", err)
	}
	return hosts, nil
}

// KnownHosts refuses --host and --on where the profile has no such host, also for
// commands that need no profile. One that is not there or not valid is no reason
// to refuse those: a rollback has to work then.
func (a *App) KnownHosts() error {
	if a.Host == "" && len(a.On) == 0 {
		return nil
	}
	if _, err := a.load(); fault.CodeOf(err) == fault.Usage {
		return err
	}
	return nil
}

// selectorFault makes a wrong selector a fault of the command line and not of the profile.
func selectorFault(what string, err error) error {
	var problems profile.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		return err
	}
	e := fault.New(fault.Usage, "%s: %s", what, problems[0].What)
	if problems[0].Hint != "" {
		e = e.Hint("%s", problems[0].Hint)
	}
	return e
}

// hostName is the host that commands act on.
func (a *App) hostName(l *loaded) (string, error) {
	names := make([]string, len(l.profile.Hosts))
	for i, h := range l.profile.Hosts {
		names[i] = h.Name
	}
	wanted := a.Host
	if wanted == "" && len(a.On) > 0 {
		hosts, err := a.selected(l)
		if err != nil {
			return "", err
		}
		if len(hosts) > 1 {
			return "", fault.New(fault.Usage, "--on names %d hosts, and this command acts on one", len(hosts)).
				Hint("quick-deploy fleet deploys to many")
		}
		return hosts[0].Name, nil
	}
	if wanted == "" {
		if len(names) == 1 {
			return names[0], nil
		}
		wanted = l.machine.Hostname
	}
	if slices.Contains(names, wanted) {
		return wanted, nil
	}
	e := fault.New(fault.Usage, "no host called %q in %s", wanted, l.name)
	if near := profile.Nearest(wanted, names); near != "" {
		return "", e.Hint("did you mean --host %s", near)
	}
	return "", e.Hint("choose one with --host: %s", term.List(names))
}
