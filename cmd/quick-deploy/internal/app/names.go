package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// names opens the index of names for hosts. Those of packages are exact where the pinned nixpkgs is in the store: then
// Nix lists its attributes, once a pin, and what it said is kept in the user's cache.
type names struct {
	ctx context.Context
	a   *App
	// locked are the inputs of the flake on disk, by name, and ours says that the next generate replaces them, since the
	// program wrote them. Built-in pins take their place then.
	locked map[string]flake.Locked
	ours   func() bool
	// listed says that names which Nix has not listed yet are not asked for.
	listed bool
	pins   flake.Pins

	opened sync.Map // func() *index.Index by generator.Inputs
	mu     sync.Mutex
	// files are those that it depended on, with a hash of each; "" for what was not there.
	files map[string]string
	// warned are what the generator warned of.
	warned []generator.Notice
}

func newNames(ctx context.Context, a *App) (*names, error) {
	pins, err := flake.Builtin()
	if err != nil {
		return nil, err
	}
	n := &names{ctx: ctx, a: a, pins: pins, files: map[string]string{}}
	lock, err := regular.Read(filepath.Join(a.Flake, inputs.LockFile))
	if err != nil {
		return n, nil
	}
	// One that cannot be read is refused where it is used.
	n.locked, _ = flake.ReadLock(lock)
	n.ours = sync.OnceValue(func() bool {
		t, err := tree.Open(a.Flake, atomic.Writer{})
		return err == nil && t.Wrote(inputs.LockFile, lock)
	})
	return n, nil
}

// index opens the names of a host.
func (n *names) index(in generator.Inputs) *index.Index {
	open, _ := n.opened.LoadOrStore(in, sync.OnceValue(func() *index.Index {
		nixpkgs := n.hash(in, "nixpkgs", in.Nixpkgs, in.NixpkgsHash)
		x := index.Open(in.Release).For(nixpkgs, n.hash(in, "home-manager", in.HomeManager, in.HomeManagerHash))
		if nixpkgs == "" || x.List(index.Package).Exact() {
			return x
		}
		list, err := n.packages(nixpkgs)
		if err != nil {
			n.a.Log.Info("goes by the names that ship", "release", in.Release, "because", err)
			return x
		}
		return x.WithPackages(list)
	}))
	return open.(func() *index.Index)()
}

// warn notes a warning of the generator.
func (n *names) warn(w generator.Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.warned = append(n.warned, w)
}

// warnings are those about some hosts, nil for all, by their places. Hosts that inherit a name have it once.
func (n *names) warnings(about map[string]bool) []generator.Notice {
	return generator.Warnings(slices.DeleteFunc(n.warned, func(w generator.Notice) bool {
		return about != nil && !about[w.Host]
	}))
}

// hash is the NAR hash of an input of the host's, "" where that cannot be told: name is what modules call it, and local
// what the flake does.
func (n *names) hash(in generator.Inputs, name, local, pinned string) string {
	builtin := n.pins[in.Release][name].NarHash()
	locked, ok := n.locked[local]
	switch {
	case in.Pinned:
		return pinned
	case !ok || locked.NarHash == builtin || n.ours():
		return builtin
	}
	return locked.NarHash
}

// namesHeader begins a file of names; the hash of what follows goes with it. A file of none says that Nix could not
// tell.
const namesHeader = "quick-deploy names 1 "

// packages are the names of packages in the nixpkgs with a NAR hash.
func (n *names) packages(hash string) (string, error) {
	dir := os.Getenv("NIX_STORE_DIR")
	if !filepath.IsAbs(dir) {
		dir = "/nix/store"
	}
	store, err := storepath.Source(dir, hash)
	if err != nil {
		return "", err
	}
	file := filepath.Join(CacheHome(), "quick-deploy", "names", filepath.Base(store)[:32])
	list, err := n.read(file)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return list, err
	}
	if n.listed {
		return "", errors.New("not listed by Nix yet")
	}
	if !exists(store) {
		n.depend(store, "")
		return "", fmt.Errorf("%s is not there", store)
	}
	runner := n.a.Runner()
	if _, err := runner.LookPath(evaluator); err != nil {
		return "", err
	}
	list, failed := attributes(n.ctx, runner, store)
	if n.ctx.Err() != nil {
		return "", n.ctx.Err()
	}
	// That it failed is kept, too: it would fail again, and cost its time each time.
	data := append([]byte(namesHeader+encode.Hash([]byte(list))+"\n"), list...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", err
	}
	if err := (atomic.Writer{}).Replace(file, data, 0o600); err != nil {
		return "", err
	}
	if failed != nil {
		n.a.Log.Info("Nix could not list the names of packages", "nixpkgs", store, "because", failed)
	}
	return n.read(file)
}

// read reads a file of names.
func (n *names) read(file string) (string, error) {
	data, err := regular.Read(file)
	if err != nil {
		n.depend(file, "")
		return "", err
	}
	n.depend(file, encode.Hash(data))
	head, list, _ := bytes.Cut(data, []byte("\n"))
	switch {
	case string(head) != namesHeader+encode.Hash(list):
		return "", fmt.Errorf("%s: is not a file of names", file)
	case len(list) == 0:
		return "", fmt.Errorf("%s: Nix could not list them", file)
	}
	return string(list), nil
}

func (n *names) depend(file, hash string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.files[file] = hash
}

// sameNames tells whether what names depended on is as it was.
func sameNames(files map[string]string) bool {
	for file, was := range files {
		if was == "" {
			if exists(file) {
				return false
			}
			continue
		}
		data, err := regular.Read(file)
		if err != nil || encode.Hash(data) != was {
			return false
		}
	}
	return true
}

// evaluator is what lists them: the old command, which takes no feature to be on.
const evaluator = "nix-instantiate"

// attributesTimeout is how long Nix may take to list the attributes of nixpkgs: it takes a second on an idle disk.
const attributesTimeout = 20 * time.Second

// attributes are the names of attributes of the nixpkgs at a path in the store, as index.Packages writes them.
func attributes(ctx context.Context, r run.Runner, path string) (string, error) {
	var out bytes.Buffer
	// Nothing of the user's is read, and nothing is built or fetched.
	const config = `{ system = "x86_64-linux"; config.allowUnfree = true; overlays = [ ]; }`
	expr := fmt.Sprintf("builtins.attrNames (import %s %s)", nix.Quote(path), config)
	_, err := r.Run(ctx, run.Command{
		Name:    evaluator,
		Args:    []string{"--eval", "--strict", "--json", "--option", "substitute", "false", "--expr", expr},
		Stdout:  &out,
		Timeout: attributesTimeout,
	})
	if err != nil {
		return "", err
	}
	var names []string
	if err := json.Unmarshal(out.Bytes(), &names); err != nil {
		return "", fmt.Errorf("read the names of attributes: %w", err)
	}
	return index.Packages(names), nil
}
