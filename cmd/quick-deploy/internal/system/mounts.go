package system

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// Mounts returns the file systems and swap devices of its etc/fstab.
func (t Toplevel) Mounts() []Mount { return ParseFstab(t.Text("etc/fstab")) }

// ParseMountinfo reads /proc/self/mountinfo (proc_pid_mountinfo(5)), in its order: of two mounts
// over one point the last one shows. It counts the lines that are no mounts.
func ParseMountinfo(text string) (mounts []hardware.Mount, bad int) {
	for line := range strings.Lines(text) {
		// id, parent, major:minor, root, mount point, options, any number of fields up to "-",
		// type, source, options of the file system
		before, after, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		a, b := strings.Fields(before), strings.Fields(after)
		if len(a) < 6 || len(b) < 2 {
			bad++
			continue
		}
		m := hardware.Mount{
			Number: a[2], Root: Unescape(a[3]), Point: Unescape(a[4]), Options: strings.Split(a[5], ","),
			Type: b[0], Source: Unescape(b[1]),
		}
		if !strings.HasPrefix(m.Point, "/") || strings.ContainsRune(m.Point, 0) || strings.ContainsRune(m.Source, 0) {
			bad++
			continue
		}
		if len(b) > 2 {
			for o := range strings.SplitSeq(b[2], ",") {
				m.Super = append(m.Super, Unescape(o))
			}
		}
		mounts = append(mounts, m)
	}
	return mounts, bad
}

// Mounted returns what is mounted at a point, on top of what else is. The error is
// ErrNotMounted where nothing is, another one where that cannot be known.
func (m Machine) Mounted(point string) (hardware.Mount, error) {
	const name = "proc/self/mountinfo"
	data, err := fs.ReadFile(m.fs, name)
	if err != nil {
		return hardware.Mount{}, fmt.Errorf("read the mounts: %w", err)
	}
	mounts, _ := ParseMountinfo(string(data))
	for _, mount := range slices.Backward(mounts) {
		if mount.Point == point {
			return mount, nil
		}
	}
	return hardware.Mount{}, ErrNotMounted
}

// ErrNotMounted says that nothing is mounted at a point.
var ErrNotMounted = errors.New("nothing is mounted there")

// Unescape undoes the octal escapes of the kernel and of fstab(5), such as \040 for a blank.
func Unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "?")
}
