package regular

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A pipe without a writer, a socket, a device and a folder are refused, at once.
func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	pipe, sock, file := filepath.Join(dir, "pipe"), filepath.Join(dir, "s"), filepath.Join(dir, "file")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, name := range []string{pipe, sock, dir, "/dev/zero", "/dev/tty"} {
			if _, err := ReadFile(name, 10); err == nil {
				t.Errorf("%s was read", name)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("waits for a special file")
	}
	if data, err := ReadFile(file, 4); err != nil || string(data) != "text" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := ReadFile(file, 3); err == nil {
		t.Error("a file over the limit was read")
	}
	if _, err := FS("/").Open(file[1:]); err != nil {
		t.Error(err)
	}
	if _, err := FS("/").Open("no such file"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
