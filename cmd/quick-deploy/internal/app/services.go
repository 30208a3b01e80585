package app

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/catalogue"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// ListServices lists the services of the catalogue.
func ListServices(a *App) error {
	all, err := catalogue.All()
	if err != nil {
		return err
	}
	return a.Print(all, func(w io.Writer) {
		fmt.Fprintln(w, "NAME\tPORTS\tNEEDS\tWHAT IT IS")
		for _, s := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, s.PortList(), strings.Join(s.Needs, ","), s.Summary)
		}
	})
}

// ShowService shows a service's keys, defaults and the Nix behind it.
func ShowService(a *App, name string) error {
	s, err := catalogue.Get(name)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.PrintJSON(s)
	}
	s.WriteText(a.Out)
	return nil
}

// AddServices switches services on in the profile.
func AddServices(a *App, names []string) error {
	return editServices(a, names, func(src []byte, path []string, on bool) ([]byte, error) {
		if on {
			return src, nil
		}
		return profile.AddIn(src, path)
	})
}

// RemoveServices takes services out of the profile.
func RemoveServices(a *App, names []string) error {
	return editServices(a, names, func(src []byte, path []string, on bool) ([]byte, error) {
		if !on {
			name := path[len(path)-1]
			return nil, fault.New(fault.Usage, "%s is not named in this file", name).
				Hint("what a layer below switches on is switched off by %s: false", name)
		}
		return profile.RemoveIn(src, path)
	})
}

// edit changes a profile's text for a service at a path, which the host itself names if on.
type edit func(src []byte, path []string, on bool) ([]byte, error)

// editServices edits the profile's text, so that comments and order stay.
func editServices(a *App, names []string, change edit) error {
	if err := catalogue.Known(names...); err != nil {
		return err
	}
	l, err := a.load()
	if err != nil {
		return err
	}
	if l.builtin {
		return fault.New(fault.Usage, "there is no profile to edit").Hint("quick-deploy init writes one")
	}
	host, err := a.hostName(l)
	if err != nil {
		return err
	}
	before, err := regular.Read(l.name)
	if err != nil {
		return fault.New(fault.Profile, "read the profile: %w", err)
	}
	root, err := profile.Parse(l.name, before)
	if err != nil {
		return err
	}
	base := []string{"hosts", host, "services"}
	if root.Get("host") != nil {
		base = []string{"host", "services"}
	}
	src := before
	for _, name := range names {
		path := append(slices.Clip(base), name)
		if src, err = change(src, path, root.Get(path...) != nil); err != nil {
			return fmt.Errorf("edit the profile: %w", err)
		}
	}
	return replaceProfile(a, l, src, strings.Join(names, ", "))
}

// replaceProfile writes an edited profile, if it is still valid.
func replaceProfile(a *App, l *loaded, src []byte, what string) error {
	if _, err := a.loadText(l.name, src); err != nil {
		return err
	}
	if a.DryRun {
		return a.PrintFile(l.name, src)
	}
	info, err := os.Stat(l.name)
	if err != nil {
		return fault.New(fault.Profile, "write the profile: %w", err)
	}
	if err := (atomic.Writer{}).WriteFile(l.name, src, info.Mode().Perm()); err != nil {
		return err
	}
	a.Say("%s: %s; quick-deploy diff shows what it changes", l.name, what)
	return nil
}
