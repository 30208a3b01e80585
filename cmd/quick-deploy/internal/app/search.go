package app

import (
	"cmp"
	"context"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
)

// Names are the names of packages and options for the profile, or for the default release where none can be read.
// Nix is not asked, since nobody waits for it here: they are exact where it has listed them for another command.
func (a *App) Names(ctx context.Context) (*index.Index, error) {
	n, err := newNames(ctx, a)
	if err != nil {
		return nil, err
	}
	n.listed = true
	root := a.written()
	in := generator.Inputs{
		Release: cmp.Or(root.Get("release").Str(), release.Default()), Nixpkgs: "nixpkgs", HomeManager: "home-manager",
	}
	for _, host := range []*profile.Node{root.Get("host"), root.Get("hosts", a.Host)} {
		if own := host.Get("release").Str(); own != "" {
			return index.Open(own), nil // its inputs are called otherwise
		}
	}
	for name, hash := range map[string]*string{"nixpkgs": &in.NixpkgsHash, "home-manager": &in.HomeManagerHash} {
		if pin := root.Get("pins", name); pin != nil {
			in.Pinned, *hash = true, pin.Get("narHash").Str()
		}
	}
	return n.index(in), nil
}

// written is what the profile's own file says; nil where there is none that can be read, whatever is wrong with it.
func (a *App) written() *profile.Node {
	path, err := a.ProfilePath()
	if err != nil {
		return nil
	}
	text, err := regular.Read(path)
	if err != nil {
		return nil
	}
	root, err := profile.Parse(path, text)
	if err != nil {
		return nil
	}
	return root
}
