// Package guesttest is a virtual machine for tests: a Debian with a real kernel, systemd and guest agent, and services
// whose names are those of the catalogue, started by a script with the interface of NixOS's.
package guesttest

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

var (
	//go:embed system.sh
	system string
	//go:embed run-vm.sh
	runVM string
)

// packages are what the machine has of Debian: a kernel, systemd, the guest agent and a web server.
const packages = "systemd-sysv,udev,qemu-guest-agent,busybox-static,linux-image-cloud-amd64"

// here starts programs on this machine.
func here() *run.Exec { return &run.Exec{Environ: os.Environ()} }

// unfit says why no virtual machine can be made here, "" if one can.
func unfit() string {
	switch {
	case testing.Short():
		return "-short"
	case os.Geteuid() != 0:
		return "only root can make a Debian"
	}
	for _, name := range []string{"mmdebstrap", "mkfs.ext4", "debugfs", "qemu-img", "qemu-system-x86_64"} {
		if _, err := here().LookPath(name); err != nil {
			return name + " is not installed"
		}
	}
	return ""
}

// foundation is a folder with what all machines start from: disk, kernel and initrd.
var foundation = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "quick-deploy", fmt.Sprintf("test-vm-%x", sha256.Sum256([]byte(packages+system)))[:28])
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	// Tests of several packages run at the same time.
	lock, err := os.Create(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "test-new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	custom := filepath.Join(tmp, "system.sh")
	if err := os.WriteFile(custom, []byte(system), 0o644); err != nil {
		return "", err
	}
	const script = `set -e
INITRD=No mmdebstrap --quiet --variant=minbase --include="$1" --customize-hook="sh $2 \"\$1\"" trixie "$3/root"
mkdir "$3/made"
mv "$3"/root/boot/vmlinuz-* "$3/made/kernel"
mv "$3/root/boot/initrd" "$3/made/initrd"
mkfs.ext4 -q -O ^has_journal -L nixos -d "$3/root" "$3/made/disk" 600M`
	command := run.Command{Name: "sh", Args: []string{"-c", script, "sh", packages, custom, tmp}}
	if res, err := here().Run(context.Background(), command); err != nil {
		return "", fmt.Errorf("make a Debian: %w\n%s%s", err, res.Stdout, res.Stderr)
	}
	return dir, os.Rename(filepath.Join(tmp, "made"), dir)
})

// RunScript writes a run script as nixos-rebuild build-vm leaves one, with further parameters for the kernel. Where no
// virtual machine can be made the test is skipped.
func RunScript(tb testing.TB, parameters string) string {
	tb.Helper()
	if why := unfit(); why != "" {
		if !testing.Short() && os.Getenv("CI") == "true" && os.Getenv("QUICK_DEPLOY_TEST_SYSTEMD") == "require" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	dir, err := foundation()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "run-atlas-vm")
	text := fmt.Appendf(nil, "#!/bin/sh\nsystem=%s parameters=%s\n%s", run.Quote(dir), run.Quote(parameters), runVM)
	if err := os.WriteFile(path, text, 0o755); err != nil {
		tb.Fatal(err)
	}
	return path
}
