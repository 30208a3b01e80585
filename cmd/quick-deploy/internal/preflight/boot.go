package preflight

import (
	"context"
	"errors"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

var boot = Check{
	Name: "boot", acting: true,
	Doc: "the configuration boots: on known disks, with root file system and boot loader of the running system",
	find: func(_ context.Context, v *visit) {
		if faults := v.to.Decision.Blockers; v.to.Boots && len(faults) > 0 {
			v.blocker("set it under hardware or nixos in the profile, or name the machine's facts by "+
				"hardware.facts; what local.nix says is not seen here",
				"the machine would not boot with this configuration: %s", strings.Join(faults, "; "))
		}
		sys := v.system()
		v.compareRoots(sys)
		v.findUnmounted(sys)
		if _, err := sys.Stat("/sys/firmware"); err != nil {
			return // no such thing here: nothing is known
		}
		_, err := sys.Stat("/sys/firmware/efi")
		loader := v.to.Decision.Loader.Kind
		switch uefi := err == nil; {
		case loader == hardware.SystemdBoot && !uefi:
			v.blocker("choose GRUB with the disk it is installed on",
				"the machine was booted by a BIOS, and systemd-boot needs UEFI")
		case v.to.Facts.Firmware == hardware.BIOS && uefi && loader == hardware.GRUB:
			v.warning("quick-deploy probe reads the firmware again",
				"the machine was booted by UEFI, the profile installs GRUB for a BIOS")
		}
	},
}

// compareRoots compares the root file system of the configuration with the running one.
func (v *visit) compareRoots(sys system.Machine) {
	const again = "quick-deploy probe reads the disks again"
	var next hardware.Mount
	for _, m := range v.to.Facts.Mounts {
		if m.Point == "/" {
			next = m // the last one shows
		}
	}
	now, err := sys.Mounted("/")
	if err != nil || next.Source == "" || next.Type == "tmpfs" || now.Type == "tmpfs" || now.Type == "overlay" {
		return
	}
	device, _ := sys.Device(now.Source)
	want, found := sys.Device(next.Source)
	if !found && strings.HasPrefix(want, "/dev/disk/") {
		v.blocker(again+"; UUIDs belong to one machine",
			"the root file system of the profile, %s, is on no disk of this machine", next.Source)
		want = device
	}
	if want != device && strings.HasPrefix(device, "/dev/") {
		v.blocker(again, "the running root file system is %s, the profile's is %s (%s)", device, next.Source, want)
	}
	if next.Type != "" && now.Type != next.Type && next.Type != "auto" {
		v.blocker(again, "the running root file system is %s, the profile says %s", now.Type, next.Type)
	}
}

// findUnmounted looks whether all that the boot loader is installed to is mounted.
// Its installer would fail otherwise, when the new system runs already.
func (v *visit) findUnmounted(sys system.Machine) {
	if !v.to.Boots {
		return
	}
	for _, at := range v.to.Decision.Loader.Places() {
		if _, err := sys.Mounted(at); errors.Is(err, system.ErrNotMounted) {
			v.blocker("sudo mount "+at+", or quick-deploy probe to read the disks again",
				"the boot loader is installed to %s, and nothing is mounted there", at)
		}
	}
}
