package probe

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// mountsLimit is enough for thousands of containers.
const mountsLimit = 4 << 20

// kernelTypes are left out: every system has them, and always the same.
var kernelTypes = []string{
	"proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "securityfs", "debugfs", "tracefs", "pstore", "bpf", "mqueue",
	"hugetlbfs", "configfs", "fusectl", "efivarfs", "binfmt_misc", "autofs", "nsfs", "selinuxfs", "rpc_pipefs", "nfsd",
}

// readMounts reads /proc/self/mountinfo (proc_pid_mountinfo(5)).
func readMounts(t *tree, o Options, f *hardware.Facts) {
	const file = "proc/self/mountinfo"
	text, ok := t.whole(file, mountsLimit)
	if !ok {
		return
	}
	target := "/" + strings.Trim(path.Clean("/"+o.Target), "/")
	bad := 0
	for line := range strings.Lines(text) {
		m, ok := parseMount(line)
		if !ok {
			bad++
			continue
		}
		if slices.Contains(kernelTypes, m.Type) {
			continue
		}
		if target != "/" {
			rest, ok := strings.CutPrefix(m.Point, target)
			if !ok || rest != "" && rest[0] != '/' {
				continue
			}
			m.Point = path.Join("/", rest)
		}
		f.Mounts = append(f.Mounts, m)
	}
	if bad > 0 {
		t.garbled(file, "%d lines are no mounts", bad)
	}
	// Mounts over the same point keep their order: the last one shows.
	slices.SortStableFunc(f.Mounts, func(a, b hardware.Mount) int { return strings.Compare(a.Point, b.Point) })
}

// parseMount reads a line: id, parent, major:minor, root, mount point, options,
// any number of fields up to "-", type, source, options of the file system.
func parseMount(line string) (hardware.Mount, bool) {
	before, after, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
	if !ok {
		return hardware.Mount{}, false
	}
	a, b := strings.Fields(before), strings.Fields(after)
	if len(a) < 6 || len(b) < 2 {
		return hardware.Mount{}, false
	}
	m := hardware.Mount{
		Number: a[2], Root: system.Unescape(a[3]), Point: system.Unescape(a[4]), Options: strings.Split(a[5], ","),
		Type: b[0], Source: system.Unescape(b[1]),
	}
	if !strings.HasPrefix(m.Point, "/") || strings.ContainsRune(m.Point, 0) || strings.ContainsRune(m.Source, 0) {
		return hardware.Mount{}, false
	}
	if len(b) > 2 {
		for o := range strings.SplitSeq(b[2], ",") {
			m.Super = append(m.Super, system.Unescape(o))
		}
	}
	return m, true
}

// readSwaps reads /proc/swaps (proc(5)).
func readSwaps(t *tree, _ Options, f *hardware.Facts) {
	text, ok := t.whole("proc/swaps", 64<<10)
	if !ok {
		return
	}
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if i == 0 || len(fields) < 2 {
			continue
		}
		s := hardware.Swap{Path: system.Unescape(fields[0]), Type: fields[1]}
		if s.Type == "partition" {
			s.Block = path.Base(t.resolve(strings.TrimPrefix(s.Path, "/")))
		}
		f.Swaps = append(f.Swaps, s)
	}
	slices.SortFunc(f.Swaps, func(a, b hardware.Swap) int { return strings.Compare(a.Path, b.Path) })
}

// readZFS reads, where ZFS is in use, what its mounts and pools need.
func readZFS(t *tree, _ Options, f *hardware.Facts) {
	if !slices.ContainsFunc(f.Mounts, func(m hardware.Mount) bool { return m.Type == "zfs" }) {
		return
	}
	if fstab, ok := t.whole("etc/fstab", 256<<10); ok {
		for line := range strings.Lines(fstab) {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[2] != "zfs" || strings.HasPrefix(fields[0], "#") {
				continue
			}
			for i := range f.Mounts {
				if m := &f.Mounts[i]; m.Type == "zfs" && m.Point == system.Unescape(fields[1]) {
					m.Fstab = strings.Split(fields[3], ",")
				}
			}
		}
	}
	// gethostid(3): four bytes, the lowest first. Without it, the start of the
	// machine's id, as NixOS's manual advises.
	if b, err := t.read("etc/hostid"); err == nil && len(b) == 4 {
		f.HostID = hexID(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
		return
	}
	if s, ok := t.text("etc/machine-id"); ok && len(s) == 32 {
		if n, err := strconv.ParseUint(s[:8], 16, 32); err == nil {
			f.HostID = hexID(uint32(n))
		}
	}
}

func hexID(n uint32) string {
	s := strconv.FormatUint(uint64(n), 16)
	return strings.Repeat("0", 8-len(s)) + s
}
