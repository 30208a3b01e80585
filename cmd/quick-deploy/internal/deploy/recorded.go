package deploy

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// storeName is the last part of a store path: a hash in Nix' own base 32, and a
// name (nix, doc/manual/source/store/store-path.md).
var storeName = lazyregexp.New(`^[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+\-._?=]{1,211}$`)

// collected lists those of the closures that a record names which are there no
// longer. State and history are files that the user can write, and what they name
// is run as root or as another user: what is not the name of a store path is an
// error, and what is neither a generation of the system profile nor valid by
// Nix's own word is not there.
func (d *Deployer) collected(ctx context.Context, paths ...string) ([]string, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	store, err := d.storeDir(ctx)
	if err != nil {
		return nil, err
	}
	var links, ask []string
	if d.cfg.Remote == nil {
		links, _ = filepath.Glob(d.cfg.Paths.System + "-*-link") // the pattern is right
	}
	for _, p := range paths {
		dir, name := filepath.Split(p)
		if filepath.Clean(p) != p || filepath.Clean(dir) != store || !storeName.MatchString(name) {
			return nil, fmt.Errorf("the record names %q, which is not a store path", p)
		}
		if !slices.ContainsFunc(links, func(l string) bool { to, err := resolve(l); return err == nil && to == p }) {
			ask = append(ask, p)
		}
	}
	if len(ask) == 0 {
		return nil, nil
	}
	res, err := d.cfg.Runner.Run(ctx, run.Command{
		Name: "nix-store", Args: append([]string{"--check-validity", "--print-invalid"}, ask...), Timeout: quick,
	})
	return strings.Fields(res.Stdout), err
}

// storeDir is the directory of store paths: where the running system, or the boot default, is.
func (d *Deployer) storeDir(ctx context.Context) (string, error) {
	m, err := d.machine(ctx, nil)
	return filepath.Dir(cmp.Or(m.Current, m.System.Path, "/nix/store/system")), err
}

// closures are the paths of a machine that something may be made to run from.
func closures(m journal.Machine) []string {
	paths := []string{m.Current, m.System.Path}
	for _, u := range sortedKeys(m.Homes) {
		paths = append(paths, m.Homes[u].Path)
	}
	return slices.DeleteFunc(paths, func(p string) bool { return p == "" })
}
