package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checks are all checks, in the order they run.
var checks = []check{
	{name: "nixos", doc: "the machine runs NixOS", acting: true, run: onNixOS},
	{name: "root", doc: "the program does not run as root", run: notRoot},
	{name: "nix-space", doc: "the store has room", run: storeSpace},
}

func (m *Machine) path(p string) string { return filepath.Join("/", m.Root, p) }

func onNixOS(_ context.Context, m *Machine, _ Target) []Finding {
	_, err := os.Stat(m.path("/etc/NIXOS"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{{What: "this is not NixOS: /etc/NIXOS does not exist", Fix: "generate and build work anywhere; switch on the machine itself"}}
	case err != nil:
		return []Finding{{What: "cannot look for /etc/NIXOS: " + err.Error(), Fix: "make it readable"}}
	}
	return nil
}

func notRoot(_ context.Context, m *Machine, _ Target) []Finding {
	if m.UID != 0 || m.AllowRoot {
		return nil
	}
	return []Finding{{What: "running as root: generated files and flake.lock would belong to root", Fix: "run it as your own user, or pass --allow-root on an installer image"}}
}

// DefaultSpace is how much the store should have free, bytes.
const DefaultSpace = 50 << 30

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
			Fix:  "nix-collect-garbage --delete-older-than 30d, or a lower limit with --min-free",
		}}
	}
	return nil
}

func size(n int64) string {
	const g = 1 << 30
	if n >= g {
		return fmt.Sprintf("%.1f GiB", float64(n)/g)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
