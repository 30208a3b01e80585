package system

import (
	"strconv"
	"strings"
)

// Mount is a line of fstab(5). The point of swap is "none".
type Mount struct {
	Device, Point, Type string
	Options             []string
}

// Mounts are the file systems and swap devices of its etc/fstab.
func (t Toplevel) Mounts() []Mount {
	var out []Mount
	for line := range strings.Lines(t.Text("etc/fstab")) {
		f := strings.Fields(line)
		if len(f) < 4 || strings.HasPrefix(f[0], "#") {
			continue
		}
		options := strings.Split(Unescape(f[3]), ",")
		out = append(out, Mount{Device: Unescape(f[0]), Point: Unescape(f[1]), Type: f[2], Options: options})
	}
	return out
}

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
