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
	denied := &fs.PathError{Op: "open", Path: file, Err: fs.ErrPermission}
	if os.Geteuid() == 0 { // who may read it anyway; the words are the same
		if err := Why(file, denied); err.Error() != "its mode is 0; chmod u+r lets you read it" || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a file of one's own: %v", err)
		}
		if err := os.Chown(file, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		if err := Why(file, denied); err.Error() != "it belongs to user 12345; chown it to root" {
			t.Errorf("a file of another's: %v", err)
		}
	} else if _, err := Open(file); err == nil || !strings.HasSuffix(err.Error(), "its mode is 0; chmod u+r lets you read it") {
		t.Errorf("a file of one's own: %v", err)
	}
	missing := filepath.Join(dir, "a", "b", "c.yaml")
	_, err := os.Stat(missing)
	if why := Why(missing, err); why.Error() != "there is no folder "+filepath.Join(dir, "a") || !errors.Is(why, fs.ErrNotExist) {
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
