package app

import (
	"errors"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Selected are the hosts that --on, or --host, names; without both all.
func (a *App) Selected(l *Loaded) ([]*profile.Host, error) {
	on := a.On
	if a.Host != "" {
		if len(on) > 0 {
			return nil, fault.New(fault.Usage, "--on and --host cannot be used together")
		}
		name, err := a.HostName(l)
		if err != nil {
			return nil, err
		}
		on = []string{name}
	}
	hosts, err := l.Profile.Select(on...)
	if err != nil {
		return nil, onFault(l, err)
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
	if _, err := a.LoadSome(a.Asked()...); fault.CodeOf(err) == fault.Usage {
		return err
	}
	return nil
}

// onFault is a wrong --on. One that is a host's name is said as --host says it.
func onFault(l *Loaded, err error) error {
	var problems profile.Problems
	if !errors.As(err, &problems) || len(problems) == 0 || !strings.HasPrefix(problems[0].What, "unknown host ") {
		return SelectorFault("--on", err)
	}
	e := fault.New(fault.Usage, "%s in %s", problems[0].What, l.Name)
	switch names, are := strings.CutPrefix(problems[0].Hint, "known are "); {
	case are:
		e = e.Hint("choose one with --on: %s", names)
	case names != "":
		e = e.Hint("%s", names)
	}
	return e
}

// SelectorFault makes a wrong selector a fault of the command line and not of the profile.
func SelectorFault(what string, err error) error {
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

// HostName is the host that commands act on.
func (a *App) HostName(l *Loaded) (string, error) {
	names := make([]string, len(l.Profile.Hosts))
	for i, h := range l.Profile.Hosts {
		names[i] = h.Name
	}
	wanted := a.Host
	if wanted == "" && len(a.On) > 0 {
		hosts, err := a.Selected(l)
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
	e := fault.New(fault.Usage, "unknown host %q in %s", wanted, l.Name)
	if near := profile.Nearest(wanted, names); near != "" {
		return "", e.Hint("did you mean --host %s", near)
	}
	return "", e.Hint("choose one with --host: %s", term.List(names))
}
