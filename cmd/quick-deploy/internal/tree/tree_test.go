package tree

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
)

var meta = Meta{Tool: "1.2.3", Profile: "sha256-profile"}

// set makes files from path, content, path, content, …
func set(pairs ...string) []File {
	var files []File
	for i := 0; i < len(pairs); i += 2 {
		files = append(files, File{Path: pairs[i], Data: []byte(pairs[i+1])})
	}
	return files
}

func open(t *testing.T, dir string) *Tree {
	t.Helper()
	tr, err := Open(dir, atomic.Writer{})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func plan(t *testing.T, tr *Tree, files []File) Changes {
	t.Helper()
	c, err := tr.Plan(files, meta)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func apply(t *testing.T, tr *Tree, files []File, o Options) Result {
	t.Helper()
	r, err := tr.Apply(t.Context(), plan(t, tr, files), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func put(t *testing.T, dir, path, data string) {
	t.Helper()
	name := filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// contents are the files below dir without the manifest; directories that
// hold nothing are listed with a slash.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		if d.IsDir() {
			entries, err := os.ReadDir(p)
			if len(entries) == 0 {
				out[rel+"/"] = ""
			}
			return err
		}
		data, err := os.ReadFile(p)
		if rel != ManifestPath {
			out[rel] = string(data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func actions(c Changes) map[string]Action {
	out := map[string]Action{}
	for _, f := range c.Files {
		out[f.Path] = f.Action
	}
	return out
}

func wantContents(t *testing.T, dir string, pairs ...string) {
	t.Helper()
	want := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i]] = pairs[i+1]
	}
	if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
		t.Errorf("contents, -want +got:\n%s", diff)
	}
}

func wantActions(t *testing.T, c Changes, pairs ...string) {
	t.Helper()
	want := map[string]Action{}
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i]] = Action(pairs[i+1])
	}
	if diff := cmp.Diff(want, actions(c)); diff != "" {
		t.Errorf("actions, -want +got:\n%s", diff)
	}
}

// noBackup fails the test if anything would be overwritten.
func noBackup(t *testing.T) func(string, []byte) error {
	return func(p string, _ []byte) error {
		t.Errorf("%s was backed up", p)
		return nil
	}
}

func TestFirstApplyThenNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "nixos")
	tr := open(t, dir)
	files := set("flake.nix", "{ }\n", "hosts/a/configuration.nix", "{ ... }: { }\n")
	c := plan(t, tr, files)
	wantActions(t, c, "flake.nix", "create", "hosts/a/configuration.nix", "create")
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the plan made the directory: %v", err)
	}
	r := apply(t, tr, files, Options{})
	if want := []string{"flake.nix", "hosts/a/configuration.nix"}; !slices.Equal(r.Written, want) {
		t.Errorf("written %v, want %v", r.Written, want)
	}
	wantContents(t, dir, "flake.nix", "{ }\n", "hosts/a/configuration.nix", "{ ... }: { }\n")

	before := stamps(t, dir)
	c = plan(t, open(t, dir), files)
	if c.Pending() || c.Summary() != "no changes" {
		t.Errorf("second plan: %s", c.Summary())
	}
	apply(t, open(t, dir), files, Options{})
	if diff := cmp.Diff(before, stamps(t, dir)); diff != "" {
		t.Errorf("the second run wrote:\n%s", diff)
	}
}

// stamps are inode and times of all that lies below dir, dir included.
func stamps(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var s syscall.Stat_t
		if err := syscall.Lstat(p, &s); err != nil {
			return err
		}
		out[p] = strings.Join([]string{itoa(int64(s.Ino)), itoa(s.Ctim.Nano()), itoa(s.Mtim.Nano())}, " ")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEditsAreKept(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	apply(t, tr, set("a", "1", "b", "1", "c", "1"), Options{})
	put(t, dir, "a", "mine")
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	next := set("a", "2", "b", "2", "c", "2")
	c := plan(t, tr, next)
	wantActions(t, c, "a", "conflict", "b", "create", "c", "update")
	r := apply(t, tr, next, Options{Backup: noBackup(t)})
	if !slices.Equal(r.Kept, []string{"a"}) {
		t.Errorf("kept %v", r.Kept)
	}
	wantContents(t, dir, "a", "mine", "b", "2", "c", "2")

	t.Run("it stays a conflict", func(t *testing.T) {
		wantActions(t, plan(t, tr, next), "a", "conflict", "b", "unchanged", "c", "unchanged")
	})
	t.Run("an edit that is taken back is none", func(t *testing.T) {
		put(t, dir, "a", "1")
		wantActions(t, plan(t, tr, next), "a", "update", "b", "unchanged", "c", "unchanged")
		put(t, dir, "a", "mine")
	})
	t.Run("an edit that is what is wanted is none", func(t *testing.T) {
		wantActions(t, plan(t, tr, set("a", "mine", "b", "2", "c", "2")), "a", "unchanged", "b", "unchanged", "c", "unchanged")
	})
	t.Run("force overwrites after a backup", func(t *testing.T) {
		saved := map[string]string{}
		apply(t, tr, next, Options{Force: true, Backup: func(p string, data []byte) error {
			saved[p] = string(data)
			return nil
		}})
		if diff := cmp.Diff(map[string]string{"a": "mine"}, saved); diff != "" {
			t.Errorf("backup, -want +got:\n%s", diff)
		}
		wantContents(t, dir, "a", "2", "b", "2", "c", "2")
		wantActions(t, plan(t, tr, next), "a", "unchanged", "b", "unchanged", "c", "unchanged")
	})
	t.Run("no backup, no force", func(t *testing.T) {
		put(t, dir, "a", "mine again")
		if _, err := tr.Apply(t.Context(), plan(t, tr, next), Options{Force: true}); err == nil {
			t.Error("no error")
		}
		broken := errors.New("disk full")
		_, err := tr.Apply(t.Context(), plan(t, tr, next), Options{Force: true, Backup: func(string, []byte) error { return broken }})
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		wantContents(t, dir, "a", "mine again", "b", "2", "c", "2")
	})
}

func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "flake.nix", "{ theirs = 1; }\n")
	put(t, dir, "same.nix", "{ }\n")
	put(t, dir, "notes.txt", "…")
	tr := open(t, dir)
	files := set("flake.nix", "{ }\n", "same.nix", "{ }\n")
	wantActions(t, plan(t, tr, files), "flake.nix", "foreign", "same.nix", "unchanged")
	apply(t, tr, files, Options{Backup: noBackup(t)})
	wantContents(t, dir, "flake.nix", "{ theirs = 1; }\n", "same.nix", "{ }\n", "notes.txt", "…")
	// The file with the wanted content was adopted: it goes with the profile.
	wantActions(t, plan(t, tr, nil), "same.nix", "remove")
	apply(t, tr, nil, Options{})
	wantContents(t, dir, "flake.nix", "{ theirs = 1; }\n", "notes.txt", "…")
}

func TestOnce(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	local := func(data string) []File { return []File{{Path: "hosts/a/local.nix", Data: []byte(data), Once: true}} }
	apply(t, tr, local("{ }\n"), Options{})
	wantContents(t, dir, "hosts/a/local.nix", "{ }\n")

	c := plan(t, tr, local("{ new }\n"))
	wantActions(t, c, "hosts/a/local.nix", "kept")
	if c.Pending() {
		t.Error("a file that is the user's is pending")
	}
	apply(t, tr, local("{ new }\n"), Options{Force: true, Backup: noBackup(t)})
	wantContents(t, dir, "hosts/a/local.nix", "{ }\n")

	t.Run("untouched, it goes with its host", func(t *testing.T) {
		wantActions(t, plan(t, tr, nil), "hosts/a/local.nix", "remove")
	})
	t.Run("edited, it stays", func(t *testing.T) {
		put(t, dir, "hosts/a/local.nix", "{ mine = 1; }\n")
		wantActions(t, plan(t, tr, local("{ }\n")), "hosts/a/local.nix", "kept")
		for range 2 { // it is told of again and again, and never removed
			c := plan(t, tr, nil)
			if wantActions(t, c, "hosts/a/local.nix", "released"); !c.Pending() || len(c.Forced()) > 0 {
				t.Errorf("pending: %v, forced: %v", c.Pending(), c.Forced())
			}
			if r := apply(t, tr, nil, Options{Force: true, Backup: noBackup(t)}); !slices.Equal(r.Orphans, []string{"hosts/a/local.nix"}) {
				t.Errorf("orphans: %v", r.Orphans)
			}
		}
		wantContents(t, dir, "hosts/a/local.nix", "{ mine = 1; }\n")
		wantActions(t, plan(t, tr, local("{ }\n")), "hosts/a/local.nix", "kept")
	})
	t.Run("written before the tool was there, it is told of too", func(t *testing.T) {
		dir := t.TempDir()
		tr := open(t, dir)
		put(t, dir, "hosts/a/local.nix", "{ mine = 1; }\n")
		apply(t, tr, local("{ }\n"), Options{})
		wantActions(t, plan(t, tr, nil), "hosts/a/local.nix", "released")
	})
}

func TestOrphans(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	apply(t, tr, set("hosts/a/x", "1", "hosts/b/x", "1", "hosts/b/deep/y", "1", "gone", "1"), Options{})
	put(t, dir, "hosts/b/x", "mine")
	if err := os.Remove(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	c := plan(t, tr, set("hosts/a/x", "1"))
	wantActions(t, c, "hosts/a/x", "unchanged", "hosts/b/x", "released", "hosts/b/deep/y", "remove")
	r := apply(t, tr, set("hosts/a/x", "1"), Options{})
	if !slices.Equal(r.Removed, []string{"hosts/b/deep/y"}) {
		t.Errorf("removed %v", r.Removed)
	}
	wantContents(t, dir, "hosts/a/x", "1", "hosts/b/x", "mine")
	for range 2 {
		wantActions(t, plan(t, tr, set("hosts/a/x", "1")), "hosts/a/x", "unchanged", "hosts/b/x", "released")
		apply(t, tr, set("hosts/a/x", "1"), Options{})
	}
	saved := ""
	r = apply(t, tr, set("hosts/a/x", "1"), Options{Force: true, Backup: func(p string, data []byte) error { saved = p + " " + string(data); return nil }})
	if saved != "hosts/b/x mine" || !slices.Equal(r.Removed, []string{"hosts/b/x"}) {
		t.Errorf("backed up %q, removed %v", saved, r.Removed)
	}
	wantContents(t, dir, "hosts/a/x", "1")
	wantActions(t, plan(t, tr, set("hosts/a/x", "1")), "hosts/a/x", "unchanged")
}

// A host that has another name leaves what was written for it behind: where it belongs is told, whatever it is.
func TestMoves(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	host := func(names ...string) (files []File) {
		for _, name := range names {
			files = append(files, File{Path: "hosts/" + name + "/configuration.nix", Data: []byte(name)}, File{Path: "hosts/" + name + "/local.nix", Data: []byte("{ }"), Once: true})
		}
		return append(files, File{Path: "modules/x.nix", Data: []byte("x")})
	}
	moves := func(files []File) []Move {
		t.Helper()
		m, err := tr.Moves(plan(t, tr, files))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	apply(t, tr, host("old", "other"), Options{})
	put(t, dir, "hosts/other/local.nix", "{ a = 1; }")
	put(t, dir, "modules/x.nix", "mine")
	if m := moves(host("new", "other")); m != nil {
		t.Errorf("%v: nothing of the host's was edited", m)
	}
	put(t, dir, "hosts/old/local.nix", "{ imports = [ ./legacy.nix ]; }")
	put(t, dir, "hosts/old/legacy.nix", "{ }")
	want := []Move{{From: "hosts/old", To: "hosts/new", Names: []string{"legacy.nix", "local.nix"}}}
	for range 2 {
		if diff := cmp.Diff(want, moves(host("new", "other"))); diff != "" {
			t.Error(diff)
		}
		apply(t, tr, host("new", "other"), Options{})
	}
	want[0].To = ""
	if diff := cmp.Diff(want, moves(host("new", "second", "other"))); diff != "" {
		t.Error(diff)
	}
}

func TestAdapt(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	// The "lock file" holds an input and its revision; the user may move the revision.
	lock := func(input, rev string) []File {
		return []File{{Path: "flake.lock", Data: []byte(input + "@" + rev), Adapt: func(have []byte) ([]byte, error) {
			name, rev, ok := strings.Cut(string(have), "@")
			if !ok {
				return nil, errors.New("not a lock file")
			}
			if name == input {
				return have, nil
			}
			return []byte(input + "@" + rev + "-kept"), nil
		}}}
	}
	apply(t, tr, lock("stable", "1"), Options{})
	wantActions(t, plan(t, tr, lock("stable", "2")), "flake.lock", "update") // as we left it: ours to move

	put(t, dir, "flake.lock", "stable@9")
	wantActions(t, plan(t, tr, lock("stable", "2")), "flake.lock", "kept")
	apply(t, tr, lock("stable", "2"), Options{Force: true, Backup: noBackup(t)})
	wantContents(t, dir, "flake.lock", "stable@9")

	apply(t, tr, lock("unstable", "3"), Options{Backup: noBackup(t)})
	wantContents(t, dir, "flake.lock", "unstable@9-kept")
	wantActions(t, plan(t, tr, lock("unstable", "3")), "flake.lock", "kept")

	put(t, dir, "flake.lock", "garbage")
	wantActions(t, plan(t, tr, lock("unstable", "3")), "flake.lock", "conflict")
}

func TestBeside(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	files := func(v string) []File {
		return []File{{Path: "flake.nix", Data: []byte(v)}, {Path: "flake.lock", Data: []byte("lock " + v), Beside: "flake.nix"}}
	}
	apply(t, tr, files("1"), Options{})
	wantActions(t, plan(t, tr, files("2")), "flake.nix", "update", "flake.lock", "update")
	put(t, dir, "flake.nix", "mine")
	wantActions(t, plan(t, tr, files("2")), "flake.nix", "conflict", "flake.lock", "kept")
	apply(t, tr, files("2"), Options{})
	wantContents(t, dir, "flake.nix", "mine", "flake.lock", "lock 1")
	saved := map[string]string{}
	apply(t, tr, files("2"), Options{Force: true, Backup: func(p string, data []byte) error { saved[p] = string(data); return nil }})
	wantContents(t, dir, "flake.nix", "2", "flake.lock", "lock 2")
	if diff := cmp.Diff(map[string]string{"flake.nix": "mine"}, saved); diff != "" {
		t.Errorf("backup, -want +got:\n%s", diff)
	}
}

func TestManifestIsPortable(t *testing.T) {
	files := append(set("b/z", "1", "a", "2"), File{Path: "c", Data: []byte("3"), Once: true})
	var raw [2]string
	for i := range raw {
		dir := t.TempDir()
		apply(t, open(t, dir), files, Options{})
		slices.Reverse(files)
		data, err := os.ReadFile(filepath.Join(dir, ManifestPath))
		if err != nil {
			t.Fatal(err)
		}
		raw[i] = string(data)
	}
	const want = `{
  "version": 1,
  "tool": "1.2.3",
  "profile": "sha256-profile",
  "files": {
    "a": "sha256-1HNeOiZeFu7gP1lxi5tdAwGcB9i2xR+Q2jpmbuwTqzU=",
    "b/z": "sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s="
  },
  "once": {
    "c": "sha256-TgdAhWK+24tgzgXB3s/jrRa3IjCWfeAfZAt+Rym0n84="
  }
}
`
	for _, got := range raw {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	m, err := firstManifest(files, meta)
	if err != nil {
		t.Fatal(err)
	}
	if string(m.Data) != want {
		t.Errorf("Manifest differs from what Apply writes:\n%s", m.Data)
	}
}

func TestUnreadableManifestIsSetAside(t *testing.T) {
	for name, content := range map[string]string{
		"empty":       "",
		"torn":        `{"version":1,"files":{"a":"sha2`,
		"foreign":     `{"name":"x"}`,
		"other list":  `[]`,
		"no files":    `{"version":1}`,
		"no hash":     `{"version":1,"files":{"a":""}}`,
		"escaping":    `{"version":1,"files":{"../a":"sha256-x"}}`,
		"second part": `{"version":1,"files":{}}{}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tr := open(t, dir)
			apply(t, tr, set("a", "1", "b", "1"), Options{})
			put(t, dir, ManifestPath, content)
			c := plan(t, tr, set("a", "1", "b", "2"))
			if !c.Aside {
				t.Fatal("not set aside")
			}
			wantActions(t, c, "a", "unchanged", "b", "foreign") // nothing is guessed
			r := apply(t, tr, set("a", "1", "b", "2"), Options{Backup: noBackup(t)})
			if r.Aside == "" {
				t.Error("Apply does not say where the manifest is")
			}
			wantContents(t, dir, "a", "1", "b", "1", r.Aside, content)
			c = plan(t, tr, set("a", "1", "b", "1"))
			if c.Aside || c.Pending() {
				t.Errorf("afterwards: aside %v, %s", c.Aside, c.Summary())
			}
		})
	}
}

func TestManifestOfANewerVersion(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, ManifestPath, `{"version":2,"tool":"9.9","files":{}}`)
	_, err := open(t, dir).Plan(set("a", "1"), meta)
	if fault.CodeOf(err) != fault.Preflight || !strings.Contains(err.Error(), "newer quick-deploy (9.9)") {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsInTheWay(t *testing.T) {
	outside := t.TempDir()
	for name, tc := range map[string]struct {
		arrange func(dir string) error
		want    string
	}{
		"link for a file": {func(d string) error { return os.Symlink("/etc/passwd", filepath.Join(d, "hosts/a/x")) }, "a symbolic link is where quick-deploy would write a file"},
		"link for a directory": {func(d string) error {
			os.RemoveAll(filepath.Join(d, "hosts"))
			return os.Symlink(outside, filepath.Join(d, "hosts"))
		}, "a symbolic link is where quick-deploy needs a directory"},
		"link for .quick-deploy": {func(d string) error { return os.Symlink(outside, filepath.Join(d, manifest.Dir)) }, "a symbolic link is where quick-deploy needs a directory"},
		"link for the manifest": {func(d string) error {
			os.Mkdir(filepath.Join(d, manifest.Dir), 0o755)
			return os.Symlink("/etc/passwd", filepath.Join(d, ManifestPath))
		}, "a symbolic link is"},
		"directory for a file": {func(d string) error { return os.Mkdir(filepath.Join(d, "hosts/a/x"), 0o755) }, "a directory is where quick-deploy would write a file"},
		"file for a directory": {func(d string) error {
			os.RemoveAll(filepath.Join(d, "hosts"))
			return os.WriteFile(filepath.Join(d, "hosts"), nil, 0o644)
		}, "a file is where quick-deploy needs a directory"},
		"pipe for a file": {func(d string) error { return syscall.Mkfifo(filepath.Join(d, "hosts/a/x"), 0o644) }, "a special file is where quick-deploy would write a file"},
		"link below, not followed": {func(d string) error {
			os.RemoveAll(filepath.Join(d, "hosts/a"))
			return os.Symlink("/nonexistent", filepath.Join(d, "hosts/a"))
		}, "a symbolic link is where quick-deploy needs a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "hosts/a"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := tc.arrange(dir); err != nil {
				t.Fatal(err)
			}
			_, err := open(t, dir).Plan(set("hosts/a/x", "1"), meta)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			if fault.CodeOf(err) != fault.Preflight || len(fault.HintsOf(err)) == 0 {
				t.Errorf("code %d, hints %v", fault.CodeOf(err), fault.HintsOf(err))
			}
		})
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("outside the tree: %v %v", entries, err)
	}
}

func TestSetsThatCannotBeWritten(t *testing.T) {
	for name, files := range map[string][]File{
		"leaves":          set("../a", ""),
		"leaves inside":   set("a/../../b", ""),
		"absolute":        set("/etc/passwd", ""),
		"empty":           set("", ""),
		"dot":             set("./a", ""),
		"the tree itself": set(".", ""),
		"backslash":       set(`a\b`, ""),
		"newline":         set("a\nb", ""),
		"nul":             set("a\x00b", ""),
		"not utf-8":       set("a\xff", ""),
		"git":             set(".git/config", ""),
		"git, case":       set("x/.GIT/config", ""),
		"manifest":        set(".quick-deploy/manifest.json", ""),
		"long":            set(strings.Repeat("a", 201), ""),
		"twice":           set("a", "1", "a", "2"),
		"case":            set("hosts/A/x", "1", "hosts/a/x", "2"),
		"file and dir":    set("a", "1", "a/b", "2"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := open(t, t.TempDir()).Plan(files, meta); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestOpen(t *testing.T) {
	base := t.TempDir()
	put(t, base, "file", "")
	for _, bad := range []string{"file", "file/below", "dangling"} {
		if bad == "dangling" {
			if err := os.Symlink("nowhere", filepath.Join(base, bad)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(filepath.Join(base, bad), atomic.Writer{}); fault.CodeOf(err) != fault.Preflight {
			t.Errorf("%s: got %v", bad, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(base, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(base, "link")); err != nil {
		t.Fatal(err)
	}
	tr := open(t, filepath.Join(base, "link"))
	apply(t, tr, set("a", "1"), Options{})
	wantContents(t, filepath.Join(base, "real"), "a", "1")
}

func TestPlanGoesStale(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	apply(t, tr, set("a", "1"), Options{})
	for name, disturb := range map[string]func(){
		"edited":  func() { put(t, dir, "a", "mine, quickly") },
		"created": func() { put(t, dir, "b", "mine") },
		"another run": func() {
			apply(t, open(t, dir), set("a", "1", "c", "1"), Options{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := plan(t, tr, set("a", "2", "b", "2"))
			disturb()
			before := contents(t, dir)
			_, err := tr.Apply(t.Context(), c, Options{})
			if fault.CodeOf(err) != fault.Pending {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
				t.Errorf("changed:\n%s", diff)
			}
			os.Remove(filepath.Join(dir, "b"))
			put(t, dir, "a", "1")
			apply(t, tr, set("a", "1"), Options{})
		})
	}
}

func TestHashIgnoresTheOrder(t *testing.T) {
	files := set("a/b", "1", "a.b", "2", "a/c/d", "3", "a-b", "4", "z", "")
	want, err := Hash(files)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	if got, err := Hash(files); err != nil || got != want {
		t.Errorf("got %s %v, want %s", got, err, want)
	}
}

func TestOnlyOneRunAtATime(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	other := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if ok, err := other.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	_, err := tr.Apply(t.Context(), plan(t, tr, set("a", "1")), Options{})
	if fault.CodeOf(err) != fault.Locked {
		t.Errorf("got %v", err)
	}
	wantContents(t, dir, "./", "")
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	apply(t, tr, set("a", "1"), Options{})
}

func TestCancelled(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	apply(t, tr, set("a", "1", "b", "1"), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tr.Apply(ctx, plan(t, tr, set("a", "2")), Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	recovers(t, dir, set("a", "3"), "cancelled")
}

func TestHintsForTheDisk(t *testing.T) {
	for _, tc := range []struct {
		err  error
		code fault.Code
		hint string
	}{
		{syscall.EACCES, fault.Preflight, "writable for you"},
		{syscall.EROFS, fault.Preflight, "read-only"},
		{syscall.ENOSPC, fault.Unexpected, "free some space"},
		{syscall.EDQUOT, fault.Unexpected, "free some space"},
		{syscall.EIO, fault.Unexpected, ""},
	} {
		err := onDisk("write", "/x/flake.nix", fmt.Errorf("write: %w", &fs.PathError{Op: "open", Path: "/x/.flake.nix.tmp", Err: tc.err}))
		if fault.CodeOf(err) != tc.code || !strings.Contains(strings.Join(fault.HintsOf(err), " "), tc.hint) {
			t.Errorf("%v: code %d, hints %v", tc.err, fault.CodeOf(err), fault.HintsOf(err))
		}
		if want := "cannot write /x/flake.nix: " + tc.err.Error(); err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}

func TestDiff(t *testing.T) {
	dir := t.TempDir()
	tr := open(t, dir)
	apply(t, tr, set("gone", "g\n", "mine", "1\n", "x", "a\n-- b\nc\n", "yours", "1\n"), Options{})
	put(t, dir, "mine", "edited\x1b[2J\n")
	put(t, dir, "yours", "edited\n")
	put(t, dir, "theirs", "t\n")
	c := plan(t, tr, set("mine", "2\n", "new", "n", "same", "", "theirs", "2\n", "x", "a\nc\nd\n"))
	var plain, colored strings.Builder
	if err := errors.Join(Diff(c, &plain, false), Diff(c, &colored, true)); err != nil {
		t.Fatal(err)
	}
	const want = `--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-g
# mine: edited by hand; kept unless forced. Forcing would make this change:
--- a/mine
+++ b/mine
@@ -1 +1 @@
-edited␛[2J
+2
--- /dev/null
+++ b/new
@@ -0,0 +1 @@
+n
\ No newline at end of file
# theirs: not written by quick-deploy; kept unless forced. Forcing would make this change:
--- a/theirs
+++ b/theirs
@@ -1 +1 @@
-t
+2
--- a/x
+++ b/x
@@ -1,3 +1,3 @@
 a
--- b
 c
+d
# yours: edited by hand and no longer used: it stays until you move or remove it
`
	if diff := cmp.Diff(want, plain.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !strings.Contains(colored.String(), "\x1b[31m--- b\x1b[0m\n") || strings.Contains(colored.String(), "[2J\n\x1b") {
		t.Errorf("colors:\n%q", colored.String())
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	const wantJSON = `{"changes":[{"path":"gone","action":"remove","added":0,"removed":1},{"path":"mine","action":"conflict","added":1,"removed":1},` +
		`{"path":"new","action":"create","added":1,"removed":0},{"path":"same","action":"create","added":0,"removed":0},` +
		`{"path":"theirs","action":"foreign","added":1,"removed":1},{"path":"x","action":"update","added":1,"removed":1},` +
		`{"path":"yours","action":"released","added":0,"removed":1}],"counts":{"conflict":1,"create":2,"foreign":1,"released":1,"remove":1,"update":1}}`
	if diff := cmp.Diff(wantJSON, string(raw)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
