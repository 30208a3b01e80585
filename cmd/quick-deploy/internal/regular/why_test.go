package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhy(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "profile.yaml")
	if err := os.WriteFile(file, nil, 0o000); err != nil {
		t.Fatal(err)
	}
	mode := "permission denied: it has mode 0000; run: chmod u+rw " + file
	denied := &fs.PathError{Op: "open", Path: file, Err: fs.ErrPermission}
	if os.Geteuid() == 0 { // who may read it anyway; the words are the same
		if err := Why(file, denied); err.Error() != mode || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a file of one's own: %v", err)
		}
		if err := os.Chown(file, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		want := "permission denied: it belongs to user 12345 and has mode 0000; run: sudo chown root " + file +
			" && sudo chmod u+rw " + file
		if err := Why(file, denied); err.Error() != want {
			t.Errorf("a file of another's: %v", err)
		}
		if err := os.Chmod(file, 0o640); err != nil {
			t.Fatal(err)
		}
		want = "permission denied: it belongs to user 12345 and has mode 0640; run: sudo chown root " + file
		if err := Why(file, denied); err.Error() != want {
			t.Errorf("a file that its owner may read: %v", err)
		}
	} else if _, err := Open(file); err == nil || !strings.HasSuffix(err.Error(), mode) {
		t.Errorf("a file of one's own: %v", err)
	}
	missing := filepath.Join(dir, "a", "b", "c.yaml")
	_, err := os.Stat(missing)
	if why := Why(missing, err); why.Error() != "the folder "+filepath.Join(dir, "a")+" does not exist" || !errors.Is(why, fs.ErrNotExist) {
		t.Errorf("a missing folder: %v", why)
	}
	missing = filepath.Join(dir, "c.yaml")
	_, err = os.Stat(missing)
	if why := Why(missing, err); why.Error() != "there is no such file" {
		t.Errorf("a missing file: %v", why)
	}
	_, err = Open(dir)
	if why := Why(dir, err); why.Error() != "it is a folder, not a regular file" {
		t.Errorf("a folder: %v", why)
	}
}

func TestWhyUnwritten(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, want string }{
		{filepath.Join(dir, "a", "b"), "the folder " + filepath.Join(dir, "a") + " does not exist"},
		{filepath.Join(file, "b"), "a part of the path is a file, not a folder"},
		{dir, "it is a folder"},
		{"/proc/x", "nothing can be created in /proc"},
	} {
		err := os.WriteFile(c.name, nil, 0o600)
		if got := WhyUnwritten(c.name, err); got.Error() != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	denied := &fs.PathError{Op: "open", Path: file, Err: fs.ErrPermission}
	err := WhyUnwritten(filepath.Join(dir, "new"), denied)
	if !strings.HasPrefix(err.Error(), "its folder "+dir+" belongs to ") || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a folder of another's: %v", err)
	}
}
