package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

func onNixOS(_ context.Context, m *Machine, _ Target) []Finding {
	_, err := os.Stat(m.path("/etc/NIXOS"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{{What: "this is not NixOS: /etc/NIXOS does not exist", Fix: "generate and build work anywhere; switch runs on the machine itself"}}
	case err != nil:
		return []Finding{{What: "cannot look for /etc/NIXOS: " + err.Error(), Fix: "make it readable"}}
	}
	var out []Finding
	for _, tool := range []struct{ name, fix string }{
		{"nixos-rebuild", "system.tools.nixos-rebuild.enable is on by default; put it on again, or run quick-deploy from its flake, which brings one"},
		{"nix", "is /run/current-system/sw/bin in PATH?"},
	} {
		if err := m.look(tool.name); err != nil {
			out = append(out, Finding{What: tool.name + " is not in PATH", Fix: tool.fix, Missing: true})
		}
	}
	return out
}

func notRoot(_ context.Context, m *Machine, _ Target) []Finding {
	if m.UID != 0 || m.AllowRoot {
		return nil
	}
	return []Finding{{What: "running as root: generated files and flake.lock would belong to root", Fix: "run it as your own user, or pass --allow-root on an installer image"}}
}

// installerName is the host name of NixOS where nobody has set one.
const installerName = "nixos"

func rightMachine(_ context.Context, m *Machine, t Target) []Finding {
	var out []Finding
	if arch, _, _ := strings.Cut(t.System, "-"); m.Arch != "" && t.System != "" && arch != m.Arch {
		out = append(out, Finding{What: fmt.Sprintf("host %s is for %s, this machine is %s", t.Host, t.System, m.Arch), Fix: "choose another host with --host"})
	}
	if t.MachineID != "" && m.ID != "" {
		if t.MachineID != m.ID {
			out = append(out, Finding{What: fmt.Sprintf("host %s was deployed on another machine (its machine-id differs)", t.Host), Fix: "choose this machine's host with --host; if it has moved to new hardware, probe it again first"})
		}
		return out // the id decides; a host may be renamed
	}
	name, ok := m.read("/proc/sys/kernel/hostname")
	if ok && t.Host != "" && name != t.Host && name != installerName && name != "localhost" && name != "(none)" {
		out = append(out, Finding{What: fmt.Sprintf("this machine is called %s, the configuration is of %s", name, t.Host), Fix: "choose another host with --host; to rename this machine, --skip machine once"})
	}
	return out
}

func flakeOwned(_ context.Context, m *Machine, _ Target) []Finding {
	var out []Finding
	if strings.HasPrefix(m.FlakeDir, "/nix/store/") {
		out = append(out, Finding{What: m.FlakeDir + " lies in the Nix store and cannot be written", Fix: "choose a directory of your own with --flake"})
	}
	for _, p := range []string{m.FlakeDir, filepath.Join(m.FlakeDir, "flake.lock")} {
		fi, err := os.Stat(p)
		if err != nil {
			continue
		}
		st, ok := fi.Sys().(*syscall.Stat_t)
		if ok && m.UID != 0 && int(st.Uid) != m.UID {
			out = append(out, Finding{What: fmt.Sprintf("%s belongs to user %d, not to you", p, st.Uid), Fix: "sudo chown -R \"$USER\" " + m.FlakeDir})
		}
	}
	return out
}

func uniquePaths(_ context.Context, m *Machine, t Target) []Finding {
	var out []Finding
	seen := map[string]string{}
	for _, p := range t.Paths {
		full := filepath.Join(m.FlakeDir, p)
		// Two names may lead to one file through a link.
		if real, err := filepath.EvalSymlinks(full); err == nil {
			full = real
		}
		if other, ok := seen[full]; ok {
			out = append(out, Finding{What: fmt.Sprintf("%s and %s are the same file", other, p), Fix: "rename one of the hosts or users, or remove the link"})
			continue
		}
		seen[full] = p
	}
	return out
}

// running is the release of the running system, such as 25.11, and whether it is a pre-release of it.
func (m *Machine) running() (version string, pre bool) {
	data, ok := m.read("/etc/os-release")
	if !ok {
		return "", false
	}
	for line := range strings.Lines(data) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		v = strings.Trim(v, `"`)
		switch k {
		case "VERSION_ID":
			version = v
		case "BUILD_ID":
			pre = strings.Contains(v, "pre") // 26.05pre812345.abcdef0
		}
	}
	return version, pre
}

func release(_ context.Context, m *Machine, t Target) []Finding {
	now, pre := m.running()
	if now == "" || t.Release == "" || t.Release == "unstable" {
		return nil
	}
	if compareVersions(t.Release, now) >= 0 {
		return nil
	}
	what := fmt.Sprintf("the running system is NixOS %s, the profile asks for %s", now, t.Release)
	if pre {
		what = fmt.Sprintf("the running system is a pre-release of NixOS %s (unstable), the profile asks for %s", now, t.Release)
	}
	return []Finding{{What: what, Fix: fmt.Sprintf("set release: %q in the profile; services may have migrated their data and not work with older versions", now)}}
}

func stateVersion(_ context.Context, _ *Machine, t Target) []Finding {
	if t.Deployed == "" || t.StateVersion == "" || t.Deployed == t.StateVersion {
		return nil
	}
	return []Finding{{
		What: fmt.Sprintf("stateVersion is %s, the machine was deployed with %s", t.StateVersion, t.Deployed),
		Fix:  fmt.Sprintf("set it back to %q: it names the release that the machine's data was made with and is not for upgrading", t.Deployed),
	}}
}

// packageVersion finds the version of a package in the store paths of a unit file:
// /nix/store/…-postgresql-and-plugins-17.5/bin/postgres.
func packageVersion(unit, name string) string {
	re := regexp.MustCompile(`/nix/store/[a-z0-9]{32}-` + regexp.QuoteMeta(name) + `(?:-[a-z-]+)?-([0-9]+(?:\.[0-9]+)*)`)
	if m := re.FindStringSubmatch(unit); m != nil {
		return m[1]
	}
	return ""
}

func services(_ context.Context, m *Machine, t Target) []Finding {
	var out []Finding
	for _, s := range t.Services {
		unit, ok := m.read("/etc/systemd/system/" + s.Name + ".service")
		now := packageVersion(unit, s.Name)
		if !ok || now == "" || s.Version == "" || compareVersions(now, s.Version) <= 0 || strings.HasPrefix(now, s.Version+".") {
			continue
		}
		out = append(out, Finding{
			What: fmt.Sprintf("%s would go from %s to %s, and older versions do not read newer data", s.Name, now, s.Version),
			Fix:  fmt.Sprintf("keep version %s in the profile, or dump the data first and --skip services", strings.SplitN(now, ".", 2)[0]),
		})
	}
	return out
}
