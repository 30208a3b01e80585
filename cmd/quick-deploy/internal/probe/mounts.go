package probe

import (
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// mountsLimit is enough for thousands of containers.
const mountsLimit = 4 << 20

// readMounts reads /proc/self/mountinfo (proc_pid_mountinfo(5)).
func readMounts(t *tree, o Options, f *hardware.Facts) {
	const file = "proc/self/mountinfo"
	text, ok := t.whole(file, mountsLimit)
	if !ok {
		return
	}
	target := "/" + strings.Trim(path.Clean("/"+o.Target), "/")
	mounts, bad := system.ParseMountinfo(text)
	for _, m := range mounts {
		// Every system has those of the kernel, and always the same.
		if hardware.OfKernel(m.Type) || m.Type == "autofs" && strings.HasPrefix(m.Point, "/proc/") {
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
		t.garbled(file, "%d lines are not mounts", bad)
	}
	// What is mounted on demand is there by itself once it has been asked for.
	there := map[string]bool{}
	for _, m := range f.Mounts {
		there[m.Point] = there[m.Point] || m.Type != "autofs"
	}
	f.Mounts = slices.DeleteFunc(f.Mounts, func(m hardware.Mount) bool { return m.Type == "autofs" && there[m.Point] })
	// Mounts over the same point keep their order: the last one shows.
	slices.SortStableFunc(f.Mounts, func(a, b hardware.Mount) int { return strings.Compare(a.Point, b.Point) })
}

// readSwaps reads /proc/swaps (proc(5)).
func readSwaps(t *tree, _ Options, f *hardware.Facts) {
	text, ok := t.whole("proc/swaps", 64<<10)
	if !ok {
		return
	}
	for i, fields := range system.ParseColumns(text, 2) {
		if i == 0 {
			continue // the heads
		}
		s := hardware.Swap{Path: system.Unescape(fields[0]), Type: fields[1]}
		if len(fields) > 4 {
			if n, err := strconv.Atoi(fields[4]); err == nil && n > 0 && n < 1<<15 {
				s.Priority = n
			}
		}
		if s.Type == "partition" {
			s.Block = path.Base(t.resolve(strings.TrimPrefix(s.Path, "/")))
		}
		f.Swaps = append(f.Swaps, s)
	}
	slices.SortFunc(f.Swaps, func(a, b hardware.Swap) int { return strings.Compare(a.Path, b.Path) })
}

// devicePath returns the path of a device that fstab or the kernel's command line names: by a lasting name where
// that does, else by the kernel's, for which udev makes links such as /dev/vg/lv.
func devicePath(t *tree, source string) string {
	source = system.DevicePath(source)
	if strings.HasPrefix(source, "/dev/") && !strings.HasPrefix(source, "/dev/disk/") {
		return "/" + t.resolve(source[1:])
	}
	return source
}

// fstabPassword fits options that hold a password themselves: mount.cifs(8), mount.ceph(8), mount.ecryptfs(8).
var fstabPassword = lazyregexp.New(
	`^(?:pass(?:word|wd)?2?|secret|ecryptfs_passphrase|passphrase_passwd)=|^user(?:name)?=[^,]*%`)

// readFstab reads what a person, or NixOS, wanted of the mounts, and what
// need not be mounted.
func readFstab(t *tree, o Options, f *hardware.Facts) {
	for _, line := range system.ParseFstab(t.optional(o.below("etc/fstab"), 256<<10)) {
		if line.Point[0] != '/' || line.Type == "swap" {
			continue
		}
		l := hardware.Mount{Point: path.Clean(line.Point), Type: line.Type, Source: devicePath(t, line.Device)}
		for _, option := range line.Options {
			if fstabPassword.MatchString(option) {
				l.Password = true
				continue
			}
			l.Fstab = append(l.Fstab, option)
		}
		noteWanted(f, l)
	}
	slices.SortStableFunc(f.Unmounted, func(a, b hardware.Mount) int { return strings.Compare(a.Point, b.Point) })
}

// noteWanted notes a line of fstab at the mount that it led to: the last one there.
func noteWanted(f *hardware.Facts, line hardware.Mount) {
	for i := len(f.Mounts) - 1; i >= 0; i-- {
		m := &f.Mounts[i]
		if m.Point != line.Point || m.Type == "autofs" { // waits for the mount
			continue
		}
		m.Fstab, m.Password = line.Fstab, line.Password
		if line.Type != m.Type && line.Type != "auto" && line.Type != "none" {
			m.FstabType = line.Type
		}
		if line.Source != m.Source && !strings.HasPrefix(line.Source, "/dev/") {
			m.FstabSource = line.Source
		}
		return
	}
	f.Unmounted = append(f.Unmounted, line)
}

// readCrypttab reads what is opened after the initrd (crypttab(5)).
func readCrypttab(t *tree, o Options, f *hardware.Facts) {
	f.Crypttab = system.ParseCrypttab(t.optional(o.below("etc/crypttab"), 256<<10))
	slices.SortFunc(f.Crypttab, func(a, b hardware.CryptLine) int { return strings.Compare(a.Name, b.Name) })
}

// readParameters reads those of the kernel's command line that are about swap.
// The others are not kept: they may hold anything.
func readParameters(t *tree, _ Options, f *hardware.Facts) {
	for p := range strings.FieldsSeq(t.optional("proc/cmdline", 16<<10)) {
		name, value, _ := strings.Cut(p, "=")
		switch {
		case name == "resume":
			f.Parameters = append(f.Parameters, "resume="+devicePath(t, value))
		case name == "resume_offset", strings.HasPrefix(name, "zswap."):
			f.Parameters = append(f.Parameters, oneLine(p))
		}
	}
}

// readHostID reads, where ZFS is in use, by what it knows who uses a pool.
func readHostID(t *tree, _ Options, f *hardware.Facts) {
	if !slices.ContainsFunc(f.Mounts, func(m hardware.Mount) bool { return m.Type == "zfs" }) {
		return
	}
	// gethostid(3): four bytes, the lowest first. Without it, the start of the
	// machine's id, as NixOS's manual advises.
	if b, err := t.read("etc/hostid", textLimit); err == nil && len(b) == 4 {
		f.HostID = fmt.Sprintf("%08x", binary.LittleEndian.Uint32(b))
		return
	}
	if s, ok := t.text("etc/machine-id"); ok && len(s) == 32 {
		if n, err := strconv.ParseUint(s[:8], 16, 32); err == nil {
			f.HostID = fmt.Sprintf("%08x", n)
		}
	}
}
