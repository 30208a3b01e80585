package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unicode"
)

// reason is why a file cannot be read, in words; the error of the system stays in its chain.
type reason struct {
	text string
	err  error
}

func (r *reason) Error() string { return r.text }
func (r *reason) Unwrap() error { return r.err }

// Why is err, which the system returned for the file called name, as words that say what to do: whose the file is,
// which folder is missing or may not be entered. An error that says it itself stays as it is.
func Why(name string, err error) error {
	cause := err
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		cause = at.Err
	}
	if _, ok := errors.AsType[*reason](cause); ok {
		return cause
	}
	switch text := ""; {
	case errors.Is(cause, fs.ErrPermission):
		if text = forbidden(name); text != "" {
			return &reason{text, cause}
		}
	case errors.Is(cause, fs.ErrNotExist):
		text = "there is no such file"
		if dir := missing(filepath.Dir(name)); dir != "" {
			text = fmt.Sprintf("the folder %s does not exist", dir)
		}
		return &reason{text, cause}
	}
	return cause
}

// WhyUnwritten is err, which the system returned when the file or folder called name was to be made or replaced, as
// words that say what is in the way: a folder that is missing, belongs to somebody else or takes no files.
func WhyUnwritten(name string, err error) error {
	cause := err
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		cause = at.Err
	}
	dir := filepath.Dir(name)
	for filepath.Dir(dir) != dir {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	text := ""
	switch {
	case errors.Is(cause, syscall.ENOTDIR):
		text = "a part of the path is a file, not a folder"
	case errors.Is(cause, syscall.EISDIR):
		text = "it is a folder"
	case errors.Is(cause, syscall.EROFS):
		text = "its file system is read-only"
	case errors.Is(cause, fs.ErrNotExist):
		if text = "nothing can be created in " + dir; missing(filepath.Dir(name)) != "" {
			text = fmt.Sprintf("the folder %s does not exist", missing(filepath.Dir(name)))
		}
	case errors.Is(cause, fs.ErrPermission):
		if info, err := os.Stat(dir); err == nil {
			me := account(os.Geteuid())
			text = fmt.Sprintf("its folder %s belongs to %s, and %s may not write in it", dir, owner(info), me)
		}
	}
	if text == "" {
		return cause
	}
	return &reason{text, cause}
}

// missing is the first folder on the way to dir that is not there, "" if none is known to be missing.
func missing(dir string) string {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if above := filepath.Dir(dir); above != dir {
		if first := missing(above); first != "" {
			return first
		}
	}
	return dir
}

// forbidden says who keeps us from a file and what to do, "" if that is not known.
func forbidden(name string) string {
	me := account(os.Geteuid())
	info, err := os.Stat(name)
	if err != nil { // a folder on the way: the last that can be seen
		dir := filepath.Dir(name)
		for info, err = os.Stat(dir); err != nil && filepath.Dir(dir) != dir; info, err = os.Stat(dir) {
			dir = filepath.Dir(dir)
		}
		if err != nil {
			return ""
		}
		return fmt.Sprintf("its folder %s belongs to %s, and %s may not enter it", dir, owner(info), me)
	}
	who, mode := owner(info), info.Mode().Perm()
	var seen, fix []string
	if who != me {
		seen = append(seen, "it belongs to "+who)
		fix = append(fix, "sudo chown "+strings.TrimPrefix(me, "user ")+" "+quote(name))
	}
	if mode&0o400 == 0 {
		sudo := ""
		if who != me {
			sudo = "sudo "
		}
		fix = append(fix, sudo+"chmod u+rw "+quote(name))
	}
	if len(fix) == 0 {
		return ""
	}
	seen = append(seen, fmt.Sprintf("has mode %04o", mode))
	if who == me {
		seen[0] = "it " + seen[0]
	}
	return fmt.Sprintf("permission denied: %s; run: %s", strings.Join(seen, " and "), strings.Join(fix, " && "))
}

// quote quotes a path for a shell where it may need that.
func quote(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-", r)
	}) {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

func owner(info fs.FileInfo) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return account(int(stat.Uid))
	}
	return "somebody else"
}

// account is the name of a user, or the number where it has none.
func account(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "user " + strconv.Itoa(uid)
}
