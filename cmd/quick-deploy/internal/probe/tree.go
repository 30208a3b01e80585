package probe

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// textLimit is the most that is read of a file in /sys; a page is the kernel's own limit.
const textLimit = 4096

// tree reads files of a machine and remembers what went wrong.
type tree struct {
	fs       fs.FS
	own      bool // the machine that this program runs on
	warnings []Warning

	at      folder            // where a small file was read last
	modules map[string]string // by the drivers that they hold
}

func (t *tree) warn(source string, err error) {
	t.garbled(source, "%s", reason(err))
}

func (t *tree) garbled(source, what string, args ...any) {
	w := Warning{Source: "/" + strings.TrimPrefix(source, "/"), Problem: fmt.Sprintf(what, args...)}
	t.warnings = append(t.warnings, w)
}

// reason returns an error without the path that the warning names anyway.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.Is(err, syscall.ELOOP):
		return "a loop of symbolic links"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// read reads the first bytes of a file, at most limit.
func (t *tree) read(name string, limit int64) ([]byte, error) {
	f, err := t.fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// text reads a small file that may be absent, without outer blanks. What is
// not readable, or no text, is a warning.
func (t *tree) text(name string) (string, bool) {
	t.at.enter(path.Dir(name))
	b, err := t.at.read(name)
	if errors.Is(err, errElsewhere) {
		b, err = t.read(name, textLimit)
	}
	if err != nil {
		// Some attributes exist and answer only when the device does.
		silent := []error{fs.ErrNotExist, syscall.EINVAL, syscall.ENODEV, syscall.EIO}
		if !slices.ContainsFunc(silent, func(s error) bool { return errors.Is(err, s) }) {
			t.warn(name, err)
		}
		return "", false
	}
	s := strings.ToValidUTF8(strings.Trim(string(b), " \t\r\n\x00"), "?")
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) {
		t.garbled(name, "contains control characters")
		return "", false
	}
	return s, true
}

// line returns what a small file that may be absent says, on one line.
func (t *tree) line(name string) string {
	s, _ := t.text(name)
	return oneLine(s)
}

// says tells whether a small file that may be absent says just this.
func (t *tree) says(name, want string) bool {
	s, _ := t.text(name)
	return s == want
}

// head reads the start of a file that should be there, as many bytes as limit says.
func (t *tree) head(name string, limit int64) (string, bool) {
	b, err := t.read(name, limit)
	if err != nil {
		t.warn(name, err)
		return "", false
	}
	return strings.ToValidUTF8(string(b), "?"), true
}

// whole reads a file that should be there, and warns where it is longer than limit.
func (t *tree) whole(name string, limit int64) (string, bool) {
	text, ok := t.head(name, limit+1)
	if int64(len(text)) > limit {
		t.garbled(name, "longer than %d KiB; the rest is ignored", limit>>10)
		text = strings.ToValidUTF8(text[:limit], "?")
	}
	return text, ok
}

// optional reads a file that may be absent; see whole.
func (t *tree) optional(name string, limit int64) string {
	if !t.exists(name) {
		return ""
	}
	text, _ := t.whole(name, limit)
	return text
}

// list lists a folder, sorted. A folder that is absent is a warning if it is needed.
func (t *tree) list(dir string, needed bool) []string {
	entries, err := fs.ReadDir(t.fs, dir)
	if err != nil && (needed || !errors.Is(err, fs.ErrNotExist)) {
		t.warn(dir, err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

func (t *tree) exists(name string) bool {
	_, err := fs.Stat(t.fs, name)
	return err == nil
}

// target returns what a link points to, as it says it; "" for what is none.
func (t *tree) target(name string) string {
	target, err := t.at.readLink(name)
	if errors.Is(err, errElsewhere) {
		target, err = fs.ReadLink(t.fs, name)
	}
	if err != nil {
		return ""
	}
	return target
}

// link returns the last part of what a link points to.
func (t *tree) link(name string) string {
	target := t.target(name)
	if target == "" {
		return ""
	}
	return path.Base(target)
}

// resolve follows one link and gives the path that it leads to; other names
// are given back as they are.
func (t *tree) resolve(name string) string {
	target := t.target(name)
	if target == "" {
		return name
	}
	if path.IsAbs(target) {
		return strings.TrimPrefix(path.Clean(target), "/")
	}
	return strings.TrimPrefix(path.Join("/", path.Dir(name), target), "/")
}

// module returns the module of a device's driver, "" where it has none.
func (t *tree) module(device string) string {
	driver, module := t.driver(device)
	if driver == "" || driver == "pcieport" { // every bridge has that
		return ""
	}
	return hardware.ModuleOf(driver, module)
}

// driver returns the driver of a device and the module that holds it, which is the same for all
// its devices.
func (t *tree) driver(device string) (driver, module string) {
	target := t.target(device + "/driver")
	if target == "" {
		return "", ""
	}
	folder := strings.TrimLeft(target, "./") // bus/pci/drivers/nvme, from wherever the device lies
	module, ok := t.modules[folder]
	if !ok {
		module = t.link(device + "/driver/module")
		t.modules[folder] = module
	}
	return path.Base(target), module
}
