package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
)

// DefaultSpace is how much the store should have free, bytes.
const DefaultSpace = 50 << 30

// FreeBytes returns how much an unprivileged user can still write below path, bytes.
// Of a path that does not exist, it is that of the nearest parent that does: a
// store that is not a file system of its own lies on the one that holds it.
func FreeBytes(path string) (int64, error) {
	for {
		var st syscall.Statfs_t
		err := syscall.Statfs(path, &st)
		if err == nil {
			return int64(st.Bavail) * st.Bsize, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			return 0, fmt.Errorf("free space of %s: %w", path, err)
		}
		path = filepath.Dir(path)
	}
}

// needs is what the store should have free, bytes: a flag goes before the profile.
func (t Target) needs() int64 {
	said, err := humanize.ParseBytes(t.Deployment.MinFree)
	if err != nil {
		said = 0 // nothing: the schema takes only sizes
	}
	return cmp.Or(t.NeedsBytes, int64(said), DefaultSpace)
}

var nixSpace = Check{
	Name: "nix-space", building: true,
	Doc: "the store has room: 50 GiB unless the profile or a flag says otherwise",
	find: func(_ context.Context, v *visit) {
		need := v.to.needs()
		free, err := v.FreeBytes(v.path("/nix/store"))
		switch {
		case err != nil:
			v.warning("check df -h /nix", "cannot tell how much is free in /nix/store: %v", err)
		case free < need:
			v.blocker("nix-collect-garbage --delete-older-than 30d frees what old generations hold",
				"%s free in /nix/store, %s wanted (deployment.minFree or --min-free)", size(free), size(need))
		}
	},
}

// bootMargin is left free on the boot partition beside kernel and initrd:
// entries, the loader itself, a devicetree. Bytes.
const bootMargin = 8 << 20

var bootSpace = Check{
	Name: "boot-space", acting: true,
	Doc: "the boot partition has room for the kernel and initrd of one more generation",
	// Before the build it estimates by the running system. The loader's builder copies the new
	// files before it deletes old ones.
	find: func(_ context.Context, v *visit) {
		at := v.to.Decision.Loader.Kernels(v.to.Facts)
		if at == "" {
			return
		}
		running := v.path("/run/current-system")
		need, err := bootNeeds(cmp.Or(v.NewSystem, running), running, v.NewSystem != "")
		if err != nil || need == 0 {
			return // a container, a machine without a loader, or nothing new
		}
		free, err := v.FreeBytes(v.path(at))
		const fix = "sudo nix-collect-garbage -d and quick-deploy boot clear old kernels away; " +
			"boot.loader.systemd-boot.configurationLimit keeps fewer"
		const what = "%s free in %s, the new generation's kernel and initrd %s %s"
		switch {
		case err != nil:
			v.warning("check df -h "+at, "cannot tell how much is free in %s: %v", at, err)
		case free >= need:
		case v.NewSystem == "": // the kernel may not change at all; it is looked at again after the build
			v.warning(fix, what, size(free), at, "may need", size(need))
		default:
			v.blocker(fix, what, size(free), at, "need", size(need))
		}
	},
}

// bootNeeds returns what kernel and initrd of a system take on the boot partition, bytes, less those
// that lie there already since they are the running system's: 0 if both do.
func bootNeeds(system, running string, built bool) (int64, error) {
	var need int64
	for _, f := range []string{"kernel", "initrd"} {
		fi, err := os.Stat(filepath.Join(system, f))
		if err != nil {
			return 0, err
		}
		a, errA := filepath.EvalSymlinks(filepath.Join(system, f))
		b, errB := filepath.EvalSymlinks(filepath.Join(running, f))
		if built && errA == nil && errB == nil && a == b {
			continue
		}
		need += fi.Size()
	}
	if need > 0 {
		need += bootMargin
	}
	return need, nil
}

// evaluationMemory is what evaluating a NixOS configuration takes, bytes.
const evaluationMemory = 1 << 30

var memory = Check{
	Name: "memory", building: true,
	Doc: "there is enough memory to evaluate",
	find: func(_ context.Context, v *visit) {
		if free, known := v.system().FreeMemory(); known && free < evaluationMemory {
			v.blocker("close programs or add swap; nixos-rebuild --build-host builds elsewhere",
				"%s of memory and swap available, evaluation takes about %s", size(free), size(evaluationMemory))
		}
	},
}

// size prints bytes: numbers that differ look different, so 49.9 GiB is not 50.
func size(n int64) string {
	const g = 1 << 30
	if n >= g {
		return strings.TrimSuffix(fmt.Sprintf("%.2f", float64(n/(g/100))/100), ".00") + " GiB"
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
