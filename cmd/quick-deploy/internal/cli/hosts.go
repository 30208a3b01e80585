package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fleet"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
)

var _ = register(170, hostsCommand)

func hostsCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:        "hosts",
		Usage:       "list the profile's hosts, with the wave in which each is deployed",
		Description: described("", "quick-deploy hosts", "quick-deploy --json hosts --on @canary"),
		Action:      noArgs(func(ctx context.Context) error { return printHosts(ctx, a) }),
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

func printHosts(ctx context.Context, a *app.App) error {
	asked := a.On
	if a.Host != "" {
		asked = a.Asked()
	}
	l, err := a.LoadSome(asked...)
	if err != nil {
		return err
	}
	hosts, err := a.Selected(l)
	if err != nil {
		return err
	}
	flake, err := app.Generate(ctx, a, l, false)
	if err != nil {
		return err
	}
	waves, err := fleet.Waves(l.Profile, flake.Fleet, hosts)
	if err != nil {
		return err
	}
	wave := map[string]string{}
	for _, w := range waves {
		for _, h := range w.Hosts {
			wave[h] = w.Name
		}
	}
	lines := []hostLine{}
	for _, h := range flake.Hosts {
		if wave[h.Name] == "" {
			continue // not selected
		}
		lines = append(lines, hostLine{
			Name: h.Name, System: h.System, Release: h.Release, Wave: wave[h.Name],
			Groups: append([]string{}, h.Groups...), Tags: append([]string{}, h.Tags...),
			Target: ssh.Target{User: h.Deployment.User, Host: h.Deployment.Host, Port: h.Deployment.Port}.String(),
		})
	}
	return a.Print(lines, func(w io.Writer) {
		fmt.Fprintln(w, "HOST\tSYSTEM\tRELEASE\tWAVE\tTARGET\tGROUPS\tTAGS")
		for _, h := range lines {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", h.Name, h.System, h.Release, h.Wave, h.Target,
				strings.Join(h.Groups, ","), strings.Join(h.Tags, ","))
		}
	})
}
