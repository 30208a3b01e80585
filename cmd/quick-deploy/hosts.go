package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fleet"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

func onFlag(a *app) cli.Flag {
	return &cli.StringSliceFlag{
		Name: "on", Usage: "act on the hosts that `SELECTOR` names: web-1, web-*, @tag, @group, !web-2, several with commas",
		Destination: &a.opts.on, Sources: twin("on"),
	}
}

// selected are the hosts that --on, or --host, names; without both all.
func (a *app) selected(l *loaded) ([]*profile.Host, error) {
	on := a.opts.on
	if a.opts.host != "" {
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

// knownHosts refuses --host and --on where the profile has no such host, also for
// commands that need no profile. One that is not there or not valid is no reason
// to refuse those: a rollback has to work then.
func (a *app) knownHosts() error {
	if a.opts.host == "" && len(a.opts.on) == 0 {
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

func (a *app) hostsCommand() *cli.Command {
	return &cli.Command{
		Name:   "hosts",
		Usage:  "list the profile's hosts, with the wave in which each is deployed",
		Action: a.hostsAction,
	}
}

// hostLine is a host as hosts prints it.
type hostLine struct {
	Name    string   `json:"name"`
	System  string   `json:"system"`
	Release string   `json:"release"`
	Groups  []string `json:"groups"`
	Tags    []string `json:"tags"`
	Wave    string   `json:"wave"`
	Target  string   `json:"target"`
}

func (a *app) hostsAction(ctx context.Context, cmd *cli.Command) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	l, err := a.load()
	if err != nil {
		return err
	}
	hosts, err := a.selected(l)
	if err != nil {
		return err
	}
	flake, err := a.generate(ctx, l)
	if err != nil {
		return err
	}
	waves, err := fleet.Waves(l.profile, flake.Fleet, hosts)
	if err != nil {
		return err
	}
	wave := map[string]string{}
	for _, w := range waves {
		for _, h := range w.Hosts {
			wave[h] = w.Name
		}
	}
	g := &generated{loaded: l, flake: flake}
	lines := []hostLine{}
	for _, p := range hosts {
		h := g.host(p.Name)
		lines = append(lines, hostLine{
			Name: h.Name, System: h.System, Release: h.Release, Groups: orEmpty(h.Groups), Tags: orEmpty(h.Tags), Wave: wave[h.Name],
			Target: ssh.Target{User: h.Deployment.User, Host: h.Deployment.Host, Port: h.Deployment.Port}.String(),
		})
	}
	if a.opts.json {
		return a.printJSON(lines)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tSYSTEM\tRELEASE\tWAVE\tTARGET\tGROUPS\tTAGS")
	for _, h := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", h.Name, h.System, h.Release, h.Wave, h.Target,
			strings.Join(h.Groups, ","), strings.Join(h.Tags, ","))
	}
	return w.Flush()
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
