package preflight

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// bootable compares what the target says of root file system and loader with the running system.
func bootable(_ context.Context, m *Machine, t Target) []Finding {
	var out []Finding
	if len(t.Unbootable) > 0 {
		out = append(out, Finding{
			What: "the machine would not boot with this configuration: " + strings.Join(t.Unbootable, "; "),
			Fix:  "say it under hardware or nixos in the profile, or name the machine's facts by hardware.facts; what local.nix says is not seen here",
		})
	}
	out = append(out, rootDisk(m, t)...)
	out = append(out, loaderMounts(m, t)...)
	_, err := os.Stat(m.path("/sys/firmware/efi"))
	uefi := err == nil
	if _, err := os.Stat(m.path("/sys/firmware")); err != nil {
		return out // no such thing here: nothing is known
	}
	if t.BootLoader == "systemd-boot" && !uefi {
		out = append(out, Finding{What: "the machine was booted by a BIOS, and systemd-boot needs UEFI", Fix: "choose GRUB with the disk it is installed on"})
	}
	if t.Firmware == "bios" && uefi && t.BootLoader == "grub" {
		out = append(out, Finding{Severity: Warning, What: "the machine was booted by UEFI, the profile installs GRUB for a BIOS", Fix: "quick-deploy probe reads the firmware anew"})
	}
	return out
}

// rootDisk compares the root file system of the configuration with the running one.
func rootDisk(m *Machine, t Target) []Finding {
	var out []Finding
	device, fsType, ok := m.rootMount()
	if !ok || t.RootFS.Device == "" || t.RootFS.Type == "tmpfs" || fsType == "tmpfs" || fsType == "overlay" {
		return nil
	}
	want := t.RootFS.Device
	if p, err := filepath.EvalSymlinks(m.path(want)); err == nil {
		want = strings.TrimPrefix(p, strings.TrimSuffix(m.path("/"), "/"))
	} else if strings.HasPrefix(want, "/dev/disk/") {
		out = append(out, Finding{
			What: fmt.Sprintf("the root file system of the profile, %s, is on no disk of this machine", t.RootFS.Device),
			Fix:  "quick-deploy probe reads the disks anew; UUIDs belong to one machine",
		})
		want = device
	}
	if real, err := filepath.EvalSymlinks(m.path(device)); err == nil {
		device = strings.TrimPrefix(real, strings.TrimSuffix(m.path("/"), "/"))
	}
	if want != device && strings.HasPrefix(device, "/dev/") {
		out = append(out, Finding{
			What: fmt.Sprintf("the running root file system is %s, the profile's is %s (%s)", device, t.RootFS.Device, want),
			Fix:  "quick-deploy probe reads the disks anew",
		})
	}
	if t.RootFS.Type != "" && fsType != t.RootFS.Type && t.RootFS.Type != "auto" {
		out = append(out, Finding{What: fmt.Sprintf("the running root file system is %s, the profile says %s", fsType, t.RootFS.Type), Fix: "quick-deploy probe reads the disks anew"})
	}
	return out
}

// loaderMounts looks whether all that the boot loader is installed to is mounted.
// Its installer would fail otherwise, when the new system runs already.
func loaderMounts(m *Machine, t Target) []Finding {
	data, ok := m.read("/proc/self/mounts")
	if !ok {
		return nil
	}
	mounted := map[string]bool{}
	for line := range strings.Lines(data) {
		if f := strings.Fields(line); len(f) >= 3 {
			mounted[f[1]] = true
		}
	}
	var out []Finding
	for _, at := range t.LoaderMounts {
		if !mounted[at] {
			out = append(out, Finding{
				What: fmt.Sprintf("the boot loader is installed to %s, and nothing is mounted there", at),
				Fix:  "sudo mount " + at + ", or quick-deploy probe to read the disks anew",
			})
		}
	}
	return out
}

// rootMount reads the last line for / in /proc/self/mounts (proc(5)): the one on top.
func (m *Machine) rootMount() (device, fsType string, ok bool) {
	data, found := m.read("/proc/self/mounts")
	if !found {
		return "", "", false
	}
	for line := range strings.Lines(data) {
		if f := strings.Fields(line); len(f) >= 3 && f[1] == "/" && f[2] != "rootfs" {
			device, fsType, ok = f[0], f[2], true
		}
	}
	return device, fsType, ok
}

func secrets(_ context.Context, m *Machine, t Target) []Finding {
	var out []Finding
	for _, s := range t.Secrets {
		if s.Made {
			continue
		}
		what := "the secret " + s.Name
		if s.For != "" {
			what += " for " + s.For
		}
		fi, err := os.Stat(m.path(s.Path))
		switch {
		case os.IsNotExist(err):
			out = append(out, Finding{What: fmt.Sprintf("%s is missing: %s", what, s.Path), Fix: "put it there, readable by the service only, or let sops-nix or agenix make it"})
		case err != nil:
			continue // a directory that only root may look into: it is there
		case fi.Mode().Perm()&0o004 != 0:
			out = append(out, Finding{Severity: Warning, What: fmt.Sprintf("%s can be read by everybody: %s has mode %04o", what, s.Path, fi.Mode().Perm()), Fix: "sudo chmod 0400 " + s.Path})
		case fi.Size() == 0 && fi.Mode().IsRegular():
			out = append(out, Finding{What: fmt.Sprintf("%s is empty: %s", what, s.Path), Fix: "write it"})
		}
	}
	return out
}

func homeFiles(_ context.Context, m *Machine, t Target) []Finding {
	var out []Finding
	for _, f := range t.HomeFiles {
		fi, err := os.Lstat(m.path(f.Path))
		if err != nil {
			continue
		}
		if fi.IsDir() {
			out = append(out, Finding{What: fmt.Sprintf("%s is a directory, and home-manager wants to put a file there", f.Path), Fix: "move it away"})
			continue
		}
		if link, err := os.Readlink(m.path(f.Path)); err == nil && strings.HasPrefix(link, "/nix/store/") {
			continue // home-manager's own
		}
		out = append(out, Finding{Severity: Warning, What: fmt.Sprintf("%s is in home-manager's way and will be kept as %s.before-quick-deploy-…", f.Path, filepath.Base(f.Path)), Fix: "nothing needs to be done; move your settings into the profile's home"})
	}
	return out
}
