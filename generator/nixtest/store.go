package nixtest

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed all:testdata
var testdata embed.FS

// stores holds the store of each Nix in use. A store must outlive a test to be
// worth its set-up, and there is one process to share it in.
var stores = shared{byBin: map[string]*store{}}

type shared struct {
	mu    sync.Mutex
	byBin map[string]*store
	keep  bool // what nobody uses any more
}

type store struct {
	root  string
	users int
}

// Main keeps the stores alive over all tests of a package, from the first test that takes one. A package
// with many tests that need Nix calls it from TestMain:
//
//	func TestMain(m *testing.M) { nixtest.Main(m) }
//
// It does not return.
func Main(m *testing.M) { os.Exit(Kept{M: m}.Run()) }

// Kept is [Main] for a package whose TestMain hands its M on.
type Kept struct{ *testing.M }

// Run runs the tests, and returns the code to exit with.
func (k Kept) Run() int {
	stores.keep = true
	code := k.M.Run()
	for _, st := range stores.byBin {
		removeAll(st.root)
	}
	return code
}

// acquire returns the root of bin's store and a function to give it back. The
// last one to give it back removes it, but for [Main].
func (s *shared) acquire(bin string) (root string, release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.byBin[bin]
	if st == nil {
		root, err := newRoot()
		if err != nil {
			return "", nil, err
		}
		// Two programs that open a new store at once meet a half-written schema.
		first := &Env{root: root, bin: bin, home: root}
		if out, err := first.Command(context.Background(), "nix-store", "--init").CombinedOutput(); err != nil {
			removeAll(root)
			return "", nil, fmt.Errorf("make a store: %w: %s", err, out)
		}
		st = &store{root: root}
		s.byBin[bin] = st
	}
	st.users++
	return st.root, sync.OnceFunc(func() { s.release(bin, st) }), nil
}

func (s *shared) release(bin string, st *store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.users--; st.users > 0 || s.keep {
		return
	}
	delete(s.byBin, bin)
	removeAll(st.root)
}

const conf = `experimental-features = nix-command flakes
store = local
sandbox = false
build-users-group =
substituters =
builders =
flake-registry =
warn-dirty = false
fsync-metadata = false
connect-timeout = 1
download-attempts = 1
max-jobs = 2
`

func newRoot() (root string, err error) {
	root, err = os.MkdirTemp("", "nixtest-")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			removeAll(root)
		}
	}()
	// Nix refuses a store below a symbolic link.
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return "", err
	}
	for _, dir := range []string{"store", "var", "log", "etc"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			return "", err
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc", "nix.conf"), []byte(conf), 0o644); err != nil {
		return "", err
	}
	if err := unpack(root); err != nil {
		return "", fmt.Errorf("unpack the stand-ins: %w", err)
	}
	return root, nil
}

// unpack writes the stand-ins. Their times are fixed, since a lock file records them.
func unpack(root string) error {
	sub, err := fs.Sub(testdata, "testdata")
	if err != nil {
		return err
	}
	tools, err := findTools()
	if err != nil {
		return err
	}
	epoch := time.Unix(1e9, 0)
	var dirs []string
	err = fs.WalkDir(sub, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dest := filepath.Join(root, path)
		if d.IsDir() {
			dirs = append(dirs, dest)
			return os.MkdirAll(dest, 0o755)
		}
		data, err := fs.ReadFile(sub, path)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(path, "bin/") {
			mode = 0o755
		}
		if rest, ok := bytes.CutPrefix(data, []byte("#!/usr/bin/env bash\n")); ok {
			data = append([]byte("#!"+tools.bash+"\n"), rest...)
		}
		if filepath.Base(path) == "tools.nix" {
			data = fmt.Appendf(nil, "%q\n", tools.path)
		}
		return errors.Join(os.WriteFile(dest, data, mode), os.Chtimes(dest, epoch, epoch))
	})
	if err != nil {
		return err
	}
	for _, dir := range dirs[1:] {
		if err := os.Chtimes(dir, epoch, epoch); err != nil {
			return err
		}
	}
	return nil
}

// tools are the programs of the machine that builders and scripts use. In a
// sandbox they are neither in /bin nor is there a /usr/bin/env.
type tools struct {
	bash string
	path string // for PATH
}

func findTools() (tools, error) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		return tools{}, err
	}
	dirs := []string{filepath.Dir(bash)}
	for _, name := range []string{"mkdir", "sed"} {
		file, err := exec.LookPath(name)
		if err != nil {
			return tools{}, err
		}
		if dir := filepath.Dir(file); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return tools{bash: bash, path: strings.Join(dirs, ":")}, nil
}

// removeAll is os.RemoveAll for a store, whose directories are read-only.
func removeAll(root string) {
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o755)
		}
		return nil
	})
	os.RemoveAll(root)
}
