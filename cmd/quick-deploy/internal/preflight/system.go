package preflight

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

var nixos = check{
	name: "nixos", acting: true,
	doc: "the machine runs NixOS, and the commands that act on it are there",
	find: func(_ context.Context, m *Machine, _ Target) []Finding {
		_, err := m.system().Stat("/etc/NIXOS")
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return []Finding{blocker("generate and build work anywhere; switch runs on the machine itself",
				"this is not NixOS: /etc/NIXOS does not exist")}
		case err != nil:
			return []Finding{blocker("make it readable", "cannot look for /etc/NIXOS: %v", err)}
		}
		var out []Finding
		for _, tool := range []struct{ name, fix string }{
			{"nixos-rebuild", "system.tools.nixos-rebuild.enable is on by default; put it on again, or run quick-deploy " +
				"from its flake, which brings one"},
			{"nix", "is /run/current-system/sw/bin in PATH?"},
		} {
			if !m.has(tool.name) {
				f := blocker(tool.fix, "%s is not in PATH", tool.name)
				f.Missing = true
				out = append(out, f)
			}
		}
		return out
	},
}

var root = check{
	name: "root",
	doc:  "the program does not run as root",
	find: func(_ context.Context, m *Machine, _ Target) []Finding {
		if m.UID != 0 || m.AllowRoot {
			return nil
		}
		return []Finding{blocker("run it as your own user, or pass --allow-root on an installer image",
			"running as root: generated files and flake.lock would belong to root")}
	},
}

// unnamed are the host names of a machine that nobody has named: NixOS's own, systemd's, the kernel's.
var unnamed = []string{"nixos", "localhost", "(none)"}

var machine = check{
	name: "machine", acting: true,
	doc: "this is the machine that the host is for: its name, its machine-id, its processor",
	find: func(_ context.Context, m *Machine, t Target) []Finding {
		var out []Finding
		if arch, _, _ := strings.Cut(t.System, "-"); m.Arch != "" && t.System != "" && arch != m.Arch {
			out = append(out, blocker("choose another host with --host",
				"host %s is for %s, this machine is %s", t.Host, t.System, m.Arch))
		}
		name := strings.TrimSpace(m.system().Text("/proc/sys/kernel/hostname"))
		switch {
		case t.MachineID != "" && m.ID != "": // the id decides; a host may be renamed
			if t.MachineID != m.ID {
				out = append(out, blocker("choose this machine's host with --host; if it has moved to new hardware, "+
					"probe it again first",
					"host %s was deployed on another machine (its machine-id differs)", t.Host))
			}
		case name != "" && t.Host != "" && name != t.Host && !slices.Contains(unnamed, name):
			out = append(out, blocker("choose another host with --host; to rename this machine, --skip machine once",
				"this machine is called %s, the configuration is of %s", name, t.Host))
		}
		return out
	},
}

var flake = check{
	name: "flake", building: true,
	doc: "the flake directory and flake.lock belong to the user",
	find: func(_ context.Context, m *Machine, _ Target) []Finding {
		var out []Finding
		if strings.HasPrefix(m.FlakeDir, "/nix/store/") {
			out = append(out, blocker("choose a directory of your own with --flake",
				"%s lies in the Nix store and cannot be written", m.FlakeDir))
		}
		for _, p := range []string{m.FlakeDir, filepath.Join(m.FlakeDir, "flake.lock")} {
			fi, err := os.Stat(p)
			if err != nil {
				continue
			}
			st, ok := fi.Sys().(*syscall.Stat_t)
			if ok && m.UID != 0 && int(st.Uid) != m.UID {
				out = append(out, blocker("sudo chown -R \"$USER\" "+m.FlakeDir,
					"%s belongs to user %d, not to you", p, st.Uid))
			}
		}
		return out
	},
}

var paths = check{
	name: "paths", building: true,
	doc: "no two generated files have the same path",
	find: func(_ context.Context, m *Machine, t Target) []Finding {
		var out []Finding
		seen := map[string]string{}
		for _, p := range t.Paths {
			full := filepath.Join(m.FlakeDir, p)
			// Two names may lead to one file through a link.
			if real, err := filepath.EvalSymlinks(full); err == nil {
				full = real
			}
			if other, ok := seen[full]; ok {
				out = append(out, blocker("rename one of the hosts or users, or remove the link",
					"%s and %s are the same file", other, p))
				continue
			}
			seen[full] = p
		}
		return out
	},
}
