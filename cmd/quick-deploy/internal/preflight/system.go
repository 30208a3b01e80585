package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
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

// running is the release of the running system, such as 25.11, and its full
// version (nixpkgs, nixos/modules/misc/version.nix). Either may be empty.
func (m *Machine) running() (release, version string) {
	data, _ := m.read("/etc/os-release")
	for line := range strings.Lines(data) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		v = strings.Trim(v, `"`)
		switch k {
		case "VERSION_ID":
			release = v
		case "BUILD_ID":
			version = v
		}
	}
	if version == "" {
		// The label: the version, with system.nixos.tags before it.
		version, _ = m.read("/run/current-system/nixos-version")
	}
	return release, version
}

func release(_ context.Context, m *Machine, t Target) []Finding {
	now, version := m.running()
	pre := strings.Contains(version, "pre") // 26.05pre812345.abcdef0
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

// DateLayout is how dates are written for the user.
const DateLayout = "2 January 2006"

// builtFrom are release, date or number of commits, and revision in a version of
// NixOS. A flake's has the date of the commit in UTC, 26.05.20260714.8eeec93 (nixpkgs,
// lib/flake-version-info.nix); a channel's the number of commits, 26.05.4937.8eeec934ae0d
// and 26.11pre812345.8eeec934ae0d.
var builtFrom = regexp.MustCompile(`([0-9]{2}\.[0-9]{2})(?:\.|pre|beta)([0-9]+)\.([0-9a-f]{7,40}|dirty)$`)

// nixpkgs compares the nixpkgs that the machine runs with the one to come. A
// way back to an older release is what the check "release" finds.
func nixpkgs(_ context.Context, m *Machine, t Target) []Finding {
	release, version := m.running()
	of, next := builtFrom.FindStringSubmatch(version), t.Nixpkgs
	if of == nil || next.Date.IsZero() || strings.HasPrefix(next.Rev, of[3]) {
		return nil
	}
	// Which release unstable will become is not known; it is never an upgrade here.
	order := 0
	if t.Release != "unstable" {
		order = compareVersions(t.Release, cmp.Or(release, of[1]))
	}
	if order < 0 {
		return nil
	}
	f := Finding{Severity: Warning, Fix: next.Fix}
	to := next.Date.UTC().Format(DateLayout)
	now, err := time.Parse("20060102", of[2])
	switch {
	case err != nil || now.Year() == 1970: // a channel's, and a flake's whose source has no date
		if !next.BuiltIn || order > 0 {
			return nil
		}
		f.What = fmt.Sprintf("nixpkgs (%s) is of %s, and that of the running NixOS %s may be newer",
			next.Origin, to, version)
	case !next.Date.Before(now):
		return nil
	default:
		if next.BuiltIn && order == 0 {
			f.Severity = Blocker
		}
		f.What = fmt.Sprintf("nixpkgs would go back from %s to %s (%s)", now.Format(DateLayout), to, next.Origin)
	}
	return []Finding{f}
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
