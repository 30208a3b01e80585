package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
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
			text = "there is no folder " + dir
		}
		return &reason{text, cause}
	}
	return cause
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
	if who := owner(info); who != me {
		return fmt.Sprintf("it belongs to %s; chown it to %s", who, me)
	}
	return fmt.Sprintf("its mode is %#o; chmod u+r lets you read it", info.Mode().Perm())
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
