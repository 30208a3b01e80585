package closure

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Reboot says what of the booted system is not what another one would boot, as
// reasons to reboot; none if there is nothing to reboot for. Systems are paths
// in the store. What is missing on either side is no reason.
func Reboot(booted, system string) []string {
	why := []string{}
	for _, part := range []struct{ file, what string }{
		{"kernel", "the kernel"}, {"initrd", "the initial ramdisk"}, {"kernel-modules", "the kernel's modules"},
	} {
		old, errOld := filepath.EvalSymlinks(filepath.Join(booted, part.file))
		now, errNow := filepath.EvalSymlinks(filepath.Join(system, part.file))
		if errOld != nil || errNow != nil || same(old, now) {
			continue
		}
		reason := part.what + " changes"
		if from, to := packageOf(old), packageOf(now); part.file == "kernel" && from != to && from != "" && to != "" {
			reason = fmt.Sprintf("%s changes from %s to %s", part.what, from, to)
		}
		why = append(why, reason)
	}
	old, errOld := os.ReadFile(filepath.Join(booted, "kernel-params"))
	now, errNow := os.ReadFile(filepath.Join(system, "kernel-params"))
	if errOld == nil && errNow == nil && !bytes.Equal(bytes.TrimSpace(old), bytes.TrimSpace(now)) {
		why = append(why, "the kernel's parameters change")
	}
	return why
}

// same reports whether two files are one, or have the same content: built anew
// to the same bytes, a kernel is no reason to reboot.
func same(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	if errX != nil || errY != nil || !x.Mode().IsRegular() || !y.Mode().IsRegular() || x.Size() != y.Size() {
		return false
	}
	old, errX := os.ReadFile(a)
	now, errY := os.ReadFile(b)
	return errX == nil && errY == nil && bytes.Equal(old, now)
}

// packageOf is the name of the store path that a file is in: linux-6.12.1 of /nix/store/…-linux-6.12.1/bzImage.
func packageOf(path string) string {
	for dir := path; ; dir = filepath.Dir(dir) {
		parent := filepath.Dir(dir)
		if filepath.Base(parent) == "store" {
			name := filepath.Base(dir)
			if len(name) > 33 && name[32] == '-' {
				return strings.TrimSuffix(name[33:], ".drv")
			}
			return ""
		}
		if parent == dir {
			return ""
		}
	}
}
