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

var nixos = Check{
	Name: "nixos", acting: true,
	Doc: "the machine runs NixOS and has the commands that act on it",
	find: func(_ context.Context, v *visit) {
		_, err := v.system().Stat("/etc/NIXOS")
		switch {
		case errors.Is(err, fs.ErrNotExist):
			v.blocker("generate and build work anywhere; switch runs on the machine itself",
				"this is not NixOS: /etc/NIXOS does not exist")
			return
		case err != nil:
			v.blocker("make it readable", "cannot look for /etc/NIXOS: %v", err)
			return
		}
		for _, tool := range []struct{ name, fix string }{
			{"nixos-rebuild", "system.tools.nixos-rebuild.enable is on by default; switch it on again, or run quick-deploy " +
				"from its flake, which brings one"},
			{"nix", "check that /run/current-system/sw/bin is in PATH"},
		} {
			if !v.has(tool.name) {
				v.find(Blocker, tool.fix, "%s is not in PATH", tool.name).Missing = true
			}
		}
	},
}

var root = Check{
	Name: "root",
	Doc:  "the program does not run as root",
	find: func(_ context.Context, v *visit) {
		if v.UID == 0 && !v.AllowRoot {
			v.blocker("run it as your own user, or pass --allow-root on an installer image",
				"running as root: generated files and flake.lock would belong to root")
		}
	},
}

// unnamed are the host names of a machine that nobody has named: NixOS's own, systemd's, the kernel's.
var unnamed = []string{"nixos", "localhost", "(none)"}

var machine = Check{
	Name: "machine", acting: true,
	Doc: "this is the machine that the host is for: its name, its machine-id, its processor",
	find: func(_ context.Context, v *visit) {
		host := v.to.Name
		if arch, _, _ := strings.Cut(v.to.System, "-"); v.Arch != "" && v.to.System != "" && arch != v.Arch {
			v.blocker("choose another host with --host", "host %s is for %s, this machine is %s", host, v.to.System, v.Arch)
		}
		name := strings.TrimSpace(v.system().Text("/proc/sys/kernel/hostname"))
		switch {
		case v.to.MachineID != "" && v.ID != "": // the id decides; a host may be renamed
			if v.to.MachineID != v.ID {
				v.blocker("choose this machine's host with --host; if it has moved to new hardware, probe it again first",
					"host %s was deployed on another machine (its machine-id differs)", host)
			}
		case name != "" && host != "" && name != host && !slices.Contains(unnamed, name):
			v.blocker("choose another host with --host; to rename this machine, --skip machine once",
				"this machine is called %s, but the configuration is for %s", name, host)
		}
	},
}

var flake = Check{
	Name: "flake", building: true,
	Doc: "the flake directory and flake.lock belong to the user",
	find: func(_ context.Context, v *visit) {
		if strings.HasPrefix(v.FlakeDir, "/nix/store/") {
			v.blocker("choose a directory of your own with --flake",
				"%s is in the Nix store and cannot be written", v.FlakeDir)
		}
		for _, p := range []string{v.FlakeDir, filepath.Join(v.FlakeDir, "flake.lock")} {
			fi, err := os.Stat(p)
			if err != nil {
				continue
			}
			st, ok := fi.Sys().(*syscall.Stat_t)
			if ok && v.UID != 0 && int(st.Uid) != v.UID {
				v.blocker("sudo chown -R \"$USER\" "+v.FlakeDir, "%s belongs to user %d, not to you", p, st.Uid)
			}
		}
	},
}

var paths = Check{
	Name: "paths", building: true,
	Doc: "no two generated files have the same path",
	find: func(_ context.Context, v *visit) {
		seen := map[string]string{}
		for _, p := range v.to.Paths {
			full := filepath.Join(v.FlakeDir, p)
			// Two names may lead to one file through a link.
			if real, err := filepath.EvalSymlinks(full); err == nil {
				full = real
			}
			if other, ok := seen[full]; ok {
				v.blocker("rename one of the hosts or users, or remove the link", "%s and %s are the same file", other, p)
				continue
			}
			seen[full] = p
		}
	},
}
