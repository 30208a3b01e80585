package app

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// target tells the preflight checks what the configuration will be like.
func target(g *Generated, name string, verb deploy.Verb) preflight.Target {
	n := g.Node(name)
	t := preflight.Target{
		Host: g.host(name), Facts: g.input.Facts[name], Versions: map[string]string{},
		Caches:    []string{"https://cache.nixos.org"},
		Activates: verb == deploy.Test || verb == deploy.Switch,
		Boots:     (verb == deploy.Boot || verb == deploy.Switch) && !bootsByOption(n),
	}
	for _, u := range t.Users {
		if home := "/home/" + u.Name; u.Home {
			t.Homes = append(t.Homes, preflight.Home{User: u.Name, Dir: home, Packages: u.Packages})
			for _, f := range u.Files {
				t.HomeFiles = append(t.HomeFiles, filepath.Join(home, f))
			}
		}
	}
	for _, s := range t.Services {
		if len(s.Info.Data) == 0 {
			continue // it need not be one below services, either
		}
		if v := serviceVersion(g.schema, n, s.Name); v != "" {
			t.Versions[s.Name] = v
		}
	}
	for _, f := range g.Flake.Files {
		t.Paths = append(t.Paths, f.Path)
	}
	return t
}

// bootOptions say how a machine boots, or on what.
var bootOptions = []string{
	"boot.isContainer", "boot.isNspawnContainer", "boot.kernelPackages", "boot.lanzaboote", "boot.loader",
	"disko", "fileSystems", "hardware.asahi", "wsl",
}

// bootsByOption tells whether the profile itself says by options of NixOS how
// the machine boots, which the decisions about its hardware do not know.
func bootsByOption(host *profile.Node) bool {
	return saysOption(host.Get("nixos"), "")
}

// saysOption looks for one of bootOptions below a node, whose own path is given.
// A key may be a path itself: boot.loader.timeout.
func saysOption(n *profile.Node, path string) bool {
	return n != nil && slices.ContainsFunc(n.Fields, func(f profile.Field) bool {
		at := strings.TrimPrefix(path+"."+f.Key, ".")
		return slices.ContainsFunc(bootOptions, func(o string) bool {
			return at == o || strings.HasPrefix(at, o+".") || strings.HasPrefix(o, at+".") && saysOption(f.Value, at)
		})
	})
}

// serviceVersion is the version in the name of the package that a service runs,
// 16 of postgresql_16: the profile's, else the catalogue's. Others follow NixOS.
func serviceVersion(root *schema.Node, host *profile.Node, service string) string {
	name := host.Get("services", service, "package").Str()
	if name == "" {
		if key := root.Property("host").Property("services").Property(service).Property("package"); key != nil {
			name, _ = key.Default.(string)
		}
	}
	version, ok := strings.CutPrefix(name, service+"_")
	if !ok {
		return ""
	}
	return strings.ReplaceAll(version, "_", ".")
}

// HealthChecks are what shows that the host came up as its profile says. Which
// units a service has is read later, from the system that is built.
func HealthChecks(g *Generated, name string) []health.Check {
	h := g.host(name)
	checks := []health.Check{{Name: "other units", Kind: health.Rest}}
	for _, s := range h.Services {
		checks = append(checks, serviceChecks(s)...)
	}
	for _, u := range h.Users {
		if u.Home {
			checks = append(checks, health.Check{
				Name: "home of " + u.Name, Kind: health.Home, User: u.Name, Origin: "users." + u.Name + ".home",
				Hint: "quick-deploy switch activates it",
			})
		}
	}
	for _, point := range h.Decision.Mounts {
		if len(h.Formatted) > 0 {
			break // not yet as it will be
		}
		checks = append(checks, health.Check{
			Name: "mount: " + point, Kind: health.Mount, Target: point, Origin: "hardware", Hint: "findmnt --verify",
		})
	}
	for _, vendor := range gpuVendors(h) {
		checks = append(checks, health.Check{
			Name: "gpu: " + vendor, Kind: health.GPU, Target: vendor, Origin: "hardware.gpu",
		})
	}
	return checks
}

// serviceChecks are about a service's units, and about the port or page that
// they cannot speak for.
func serviceChecks(s generator.Service) []health.Check {
	check := health.Check{Name: s.Name, Kind: health.Unit, Required: true, Origin: "services." + s.Name}
	if s.Info.Health != nil {
		check.Grace = time.Duration(s.Info.Health.Grace)
	}
	var checks []health.Check
	for _, unit := range s.Info.Units {
		check.Target = unit
		checks = append(checks, check)
	}
	for _, p := range s.Ports {
		if s.Info.Health == nil || p.Name != s.Info.Health.Port {
			continue
		}
		check.Kind, check.Target = health.Port, fmt.Sprintf("127.0.0.1:%d", p.Number)
		check.Name = s.Name + ": port " + p.Name
		if path := s.Info.Health.Path; path != "" {
			check.Kind, check.Target = health.HTTP, "http://"+check.Target+path
			check.Name = s.Name + ": " + check.Target
		}
		check.Units = s.Info.Units
		check.Hint = statusOf(s.Info.Units)
		checks = append(checks, check)
	}
	return checks
}

// statusOf is the command that shows how units are, "" for none.
func statusOf(units []string) string {
	if len(units) == 0 {
		return ""
	}
	words := []string{"systemctl", "status"}
	for _, u := range units {
		if path.Ext(u) == "" {
			u += ".service"
		}
		words = append(words, run.Quote(u))
	}
	return strings.Join(words, " ")
}

// gpuVendors are the vendors of the host's graphics cards, each once.
func gpuVendors(h generator.Host) []string {
	var out []string
	for _, g := range h.Decision.GPUs {
		if !slices.Contains(out, string(g.Vendor)) {
			out = append(out, string(g.Vendor))
		}
	}
	return out
}
