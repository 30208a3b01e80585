package tree

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// stamped is a tree in which nothing is to be done, the plan that found that, and its stamp.
func stamped(t *testing.T) (*Tree, Changes, Stamp) {
	t.Helper()
	tr, files := open(t, t.TempDir()), set("flake.nix", "1", "hosts/a/x", "1")
	apply(t, tr, files, Options{})
	for range 100 {
		c := plan(t, tr, files)
		if s, ok := tr.Stamp(c); ok {
			return tr, c, s
		}
		time.Sleep(5 * time.Millisecond) // until what was written is older than the plan
	}
	t.Skip("the file system of the tests tells no changes by their time")
	return nil, Changes{}, Stamp{}
}

func TestStamp(t *testing.T) {
	tr, _, s := stamped(t)
	if !tr.Is(s) || len(s.Files()) != 2 {
		t.Fatalf("%+v", s)
	}
	if err := os.WriteFile(filepath.Join(tr.Dir(), "hosts/a/x"), []byte("2"), 0o644); err != nil {
		t.Fatal(err)
	}
	if tr.Is(s) {
		t.Error("an edit is not seen")
	}
}

// What happens after a file was read does not count as read.
func TestStampIsOfWhatWasRead(t *testing.T) {
	tr, c, _ := stamped(t)
	if err := os.WriteFile(filepath.Join(tr.Dir(), "flake.nix"), []byte("2"), 0o644); err != nil {
		t.Fatal(err)
	}
	if s, ok := tr.Stamp(c); ok && tr.Is(s) {
		t.Error("an edit behind the plan's back has become what the plan found")
	}
}

func TestNoStampWhereThereIsWorkToDo(t *testing.T) {
	tr := open(t, t.TempDir())
	files := set("a", "1")
	if _, ok := tr.Stamp(plan(t, tr, files)); ok {
		t.Error("of files to create")
	}
	apply(t, tr, files, Options{})
	if err := os.WriteFile(filepath.Join(tr.Dir(), "a"), []byte("edited"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, ok := tr.Stamp(plan(t, tr, files)); ok {
		t.Error("of a hand edit")
	}
}

func TestSettled(t *testing.T) {
	at := func(sec, nsec int64) *syscall.Stat_t {
		return &syscall.Stat_t{Ctim: syscall.Timespec{Sec: sec, Nsec: nsec}}
	}
	for _, c := range []struct {
		changed *syscall.Stat_t
		began   time.Time
		want    bool
	}{
		{at(100, 7), time.Unix(100, 8), true},
		{at(100, 7), time.Unix(100, 7), false}, // the same tick
		{at(100, 0), time.Unix(100, 9), false}, // perhaps a file system that counts seconds
		{at(100, 0), time.Unix(101, 1), true},
		{at(200, 7), time.Unix(100, 0), false}, // the clock has gone back
	} {
		if got := settled(c.changed, c.began); got != c.want {
			t.Errorf("changed %v, begun %v: %v", c.changed.Ctim, c.began, got)
		}
	}
}
