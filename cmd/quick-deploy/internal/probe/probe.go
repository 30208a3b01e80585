// Package probe looks at a machine through /sys, /proc and /dev, without
// privileges, other programs or the network, and reports what hardware it has.
// What is missing, unreadable or garbled is listed and otherwise ignored.
package probe

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// Options say where to look.
type Options struct {
	// Root is the folder that sys, proc, dev and etc lie in: / for this machine,
	// or a copy of another machine's. Links cannot lead out of it.
	Root string
	// FS is looked at instead of Root where it is given. Its links are read if
	// it is a [fs.ReadLinkFS].
	FS fs.FS
	// Target is where the system is mounted that the file systems are to be
	// taken from, such as /mnt while it is being installed. Without it: /.
	Target string
	// Identify adds serial numbers and MAC addresses.
	Identify bool
}

// below returns where a file of the target lies in the tree.
func (o Options) below(name string) string {
	return strings.TrimPrefix(path.Join("/", o.Target, name), "/")
}

// Warning is a source that could not be read, or not be understood.
type Warning struct {
	// Source is a path below the root, or a device.
	Source  string `json:"source"`
	Problem string `json:"problem"`
}

// Run probes a machine. It always returns: what it cannot read is among the
// warnings. When ctx is done it stops, and says so there.
func Run(ctx context.Context, o Options) (hardware.Facts, []Warning) {
	t, closeTree := open(o)
	defer closeTree()
	f := hardware.Facts{Version: hardware.Version}
	for _, stage := range []func(*tree, Options, *hardware.Facts){
		readProduct, readCPU, readMemory, readFirmware, readPCI, readUSB, readVirtualization, readPower,
		readMounts, readFstab, readCrypttab, readSwaps, readParameters, readBlocks, readHostID,
		readNixOS, readLoader, readExisting, readAddresses,
	} {
		if err := ctx.Err(); err != nil {
			t.warn("probe", err)
			break
		}
		stage(t, o, &f)
	}
	slices.SortFunc(t.warnings, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Problem, b.Problem))
	})
	return f, slices.Compact(t.warnings)
}

// open opens the tree to read. A machine's own root is read directly; any
// other one through os.Root, which keeps absolute links inside.
func open(o Options) (*tree, func()) {
	t := &tree{modules: map[string]string{}}
	switch {
	case o.FS != nil:
		t.fs = o.FS
	case o.Root == "" || o.Root == "/":
		t.fs, t.own = os.DirFS("/"), true
		t.at.open = openOwn
	default:
		root, err := os.OpenRoot(o.Root)
		if err != nil {
			t.fs = os.DirFS(os.DevNull)
			t.warn(o.Root, err)
			return t, func() {}
		}
		t.fs = root.FS()
		top, err := root.Open(".")
		if err != nil {
			return t, func() { root.Close() }
		}
		t.at.open = openBeneath(int(top.Fd()))
		return t, func() {
			t.at.leave()
			top.Close()
			root.Close()
		}
	}
	return t, t.at.leave
}

// platform returns what Nix calls the machine's processor and kernel.
func platform(t *tree) string {
	arch, ok := t.text("proc/sys/kernel/arch") // since Linux 6.1
	if !ok && t.own {
		arch = runtime.GOARCH
	}
	switch arch {
	case "x86_64", "amd64":
		return "x86_64-linux"
	case "aarch64", "arm64":
		return "aarch64-linux"
	case "":
		return ""
	}
	return arch + "-linux"
}
