package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// DefaultSpace is how much the store should have free, bytes.
const DefaultSpace = 50 << 30

// FreeBytes is how much an unprivileged user can still write below path, bytes.
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

func storeSpace(_ context.Context, m *Machine, t Target) []Finding {
	need := t.NeedsBytes
	if need == 0 {
		need = DefaultSpace
	}
	free, err := m.FreeBytes(m.path("/nix/store"))
	if err != nil {
		return []Finding{{Severity: Warning, What: "cannot tell how much is free in /nix/store: " + err.Error(), Fix: "look with df -h /nix"}}
	}
	if free < need {
		return []Finding{{
			What: fmt.Sprintf("%s free in /nix/store, %s wanted", size(free), size(need)),
			Fix:  "nix-collect-garbage --delete-older-than 30d; a smaller limit can be set with --min-free",
		}}
	}
	return nil
}

// bootMargin is left free on the boot partition beside kernel and initrd:
// entries, the loader itself, a devicetree. Bytes.
const bootMargin = 8 << 20

// bootSpace estimates by the running system before the build and knows after it. The loader's builder
// copies the new files before it deletes old ones.
func bootSpace(_ context.Context, m *Machine, t Target) []Finding {
	if t.BootMount == "" {
		return nil
	}
	system, known := m.path("/run/current-system"), false
	if m.NewSystem != "" {
		system, known = m.NewSystem, true
	}
	var need int64 = bootMargin
	fresh := false
	for _, f := range []string{"kernel", "initrd"} {
		fi, err := os.Stat(filepath.Join(system, f))
		if err != nil {
			return nil // a container or a machine without a loader
		}
		if known {
			a, errA := filepath.EvalSymlinks(filepath.Join(system, f))
			b, errB := filepath.EvalSymlinks(m.path("/run/current-system/" + f))
			if errA == nil && errB == nil && a == b {
				continue // it lies there already
			}
		}
		fresh = true
		need += fi.Size()
	}
	if !fresh {
		return nil
	}
	free, err := m.FreeBytes(m.path(t.BootMount))
	if err != nil {
		return []Finding{{Severity: Warning, What: "cannot tell how much is free in " + t.BootMount + ": " + err.Error(), Fix: "look with df -h " + t.BootMount}}
	}
	if free >= need {
		return nil
	}
	f := Finding{
		What: fmt.Sprintf("%s free in %s, the new generation's kernel and initrd need %s", size(free), t.BootMount, size(need)),
		Fix:  "sudo nix-collect-garbage -d and quick-deploy boot clear old kernels away; boot.loader.systemd-boot.configurationLimit keeps fewer",
	}
	if !known {
		f.Severity = Warning // the kernel may not change at all; it is looked at again after the build
		f.What = strings.Replace(f.What, "need", "may need", 1)
	}
	return []Finding{f}
}

// DefaultMemory is what evaluating a NixOS configuration takes, bytes.
const DefaultMemory = 1 << 30

func memory(_ context.Context, m *Machine, t Target) []Finding {
	need := t.NeedsMemory
	if need == 0 {
		need = DefaultMemory
	}
	data, ok := m.read("/proc/meminfo")
	if !ok {
		return nil
	}
	var free int64
	for line := range strings.Lines(data) {
		f := strings.Fields(line)
		if len(f) >= 2 && (f[0] == "MemAvailable:" || f[0] == "SwapFree:") {
			n, err := strconv.ParseInt(f[1], 10, 64) // kB, proc_meminfo(5)
			if err == nil {
				free += n << 10
			}
		}
	}
	if free >= need {
		return nil
	}
	return []Finding{{
		What: fmt.Sprintf("%s of memory and swap available, evaluation takes about %s", size(free), size(need)),
		Fix:  "close programs or add swap; nixos-rebuild --build-host builds elsewhere",
	}}
}

// size prints bytes: numbers that differ look different, so 49.9 GiB is not 50.
func size(n int64) string {
	const g = 1 << 30
	if n >= g {
		return fmt.Sprintf("%.2f GiB", float64(n/(g/100))/100)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
