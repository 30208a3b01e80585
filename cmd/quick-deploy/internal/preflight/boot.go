package preflight

import (
	"context"
	"errors"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

var boot = check{
	name: "boot", acting: true,
	doc: "the configuration boots: on known disks, with root file system and boot loader of the running system",
	find: func(_ context.Context, m *Machine, t Target) []Finding {
		var out []Finding
		if len(t.Unbootable) > 0 {
			out = append(out, blocker("say it under hardware or nixos in the profile, or name the machine's facts by "+
				"hardware.facts; what local.nix says is not seen here",
				"the machine would not boot with this configuration: %s", strings.Join(t.Unbootable, "; ")))
		}
		sys := m.system()
		out = append(out, rootDisk(sys, t)...)
		out = append(out, loaderMounts(sys, t)...)
		if _, err := sys.Stat("/sys/firmware"); err != nil {
			return out // no such thing here: nothing is known
		}
		_, err := sys.Stat("/sys/firmware/efi")
		switch uefi := err == nil; {
		case t.BootLoader == "systemd-boot" && !uefi:
			out = append(out, blocker("choose GRUB with the disk it is installed on",
				"the machine was booted by a BIOS, and systemd-boot needs UEFI"))
		case t.Firmware == "bios" && uefi && t.BootLoader == "grub":
			out = append(out, warning("quick-deploy probe reads the firmware anew",
				"the machine was booted by UEFI, the profile installs GRUB for a BIOS"))
		}
		return out
	},
}

// rootDisk compares the root file system of the configuration with the running one.
func rootDisk(sys system.Machine, t Target) []Finding {
	const again = "quick-deploy probe reads the disks anew"
	now, err := sys.Mounted("/")
	if err != nil || t.RootFS.Device == "" || t.RootFS.Type == "tmpfs" || now.Type == "tmpfs" || now.Type == "overlay" {
		return nil
	}
	var out []Finding
	device, _ := sys.Device(now.Source)
	want, found := sys.Device(t.RootFS.Device)
	if !found && strings.HasPrefix(want, "/dev/disk/") {
		out = append(out, blocker(again+"; UUIDs belong to one machine",
			"the root file system of the profile, %s, is on no disk of this machine", t.RootFS.Device))
		want = device
	}
	if want != device && strings.HasPrefix(device, "/dev/") {
		out = append(out, blocker(again,
			"the running root file system is %s, the profile's is %s (%s)", device, t.RootFS.Device, want))
	}
	if t.RootFS.Type != "" && now.Type != t.RootFS.Type && t.RootFS.Type != "auto" {
		out = append(out, blocker(again,
			"the running root file system is %s, the profile says %s", now.Type, t.RootFS.Type))
	}
	return out
}

// loaderMounts looks whether all that the boot loader is installed to is mounted.
// Its installer would fail otherwise, when the new system runs already.
func loaderMounts(sys system.Machine, t Target) []Finding {
	var out []Finding
	for _, at := range t.LoaderMounts {
		if _, err := sys.Mounted(at); errors.Is(err, system.ErrNotMounted) {
			out = append(out, blocker("sudo mount "+at+", or quick-deploy probe to read the disks anew",
				"the boot loader is installed to %s, and nothing is mounted there", at))
		}
	}
	return out
}
