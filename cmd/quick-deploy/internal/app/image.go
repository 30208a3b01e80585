package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/access"
	"github.com/quick-deploy/quick-deploy/generator/image"
)

// ImageOptions are the flags of image.
type ImageOptions struct {
	RunOptions
	OutLink string // "": result-HOST-VARIANT in the working directory
}

// builtImage is an image that was built.
type builtImage struct {
	Variant string `json:"variant"`
	File    string `json:"file"` // in the store
	Bytes   int64  `json:"bytes"`
	Link    string `json:"link"` // which keeps it from being collected
}

// Image builds a host as an image, and prints the path of its file.
func Image(ctx context.Context, a *App, v image.Variant, o ImageOptions) error {
	made, err := Make(ctx, a, deploy.Image, o.RunOptions, func(g *Generated, host string) (*deploy.Extension, error) {
		return o.extension(a, g, v, host)
	})
	if err != nil {
		return err
	}
	defer made.Session.Close()
	if a.DryRun {
		return nil
	}
	out := builtImage{Variant: v.Name}
	if out.Link, err = o.link(v, made.Host); err != nil {
		return err
	}
	if out.File, out.Bytes, err = imageFile(made.Path); err != nil {
		return fault.New(fault.Build, "find the image in %s: %w", made.Path, err)
	}
	if err := made.Session.Deployer.Hold(ctx, made.Path, out.Link); err != nil {
		return err
	}
	if a.JSON {
		return a.PrintEvent(journal.Event{Type: "image", Host: made.Host, Message: out.File, Data: out})
	}
	a.Say("%s of %s: %s; it is kept while %s is there", v.Name, made.Host, humanize.IBytes(uint64(out.Bytes)), out.Link)
	_, err = fmt.Fprintln(a.Out, out.File)
	return err
}

// extension is how nixos-rebuild makes the image. It refuses what would be of no use before anything is built.
func (o ImageOptions) extension(a *App, g *Generated, v image.Variant, name string) (*deploy.Extension, error) {
	h := g.host(name)
	if why, hint := v.Unfit(h.System); why != "" {
		return nil, fault.New(fault.Usage, "%s", why).Hint("%s", cmp.Or(hint, "quick-deploy image --list shows all"))
	}
	if v.EntersBeside(h.Access.SSH.RootLogin) == "" {
		if err := keepWays(a, []string{name}, g, o.SkipChecks, enterable); err != nil {
			return nil, err
		}
	}
	if _, err := o.link(v, name); err != nil {
		return nil, err
	}
	if files := secretFiles(g, h); len(files) > 0 {
		a.Say("note: no secret is in the image; what needs one waits until the machine has %s", strings.Join(files, ", "))
	}
	files, err := v.Files(deploy.ModuleFile, name, h.System, h.Access.SSH.RootLogin)
	return &deploy.Extension{
		Args: []string{"build-image", "--image-variant", v.Name}, Since: image.Since, Files: files,
	}, err
}

// enterable are the ways that an image would lack. Where somebody logs in who does not become root, that is only told.
func enterable(h generator.Host) []closed {
	out := installable(h, "")
	states := anew(h, "")
	for i := range out {
		out[i].Sure = out[i].Sure && !slices.ContainsFunc(h.Access.Accounts, func(u access.Account) bool {
			return h.Access.LogsIn(u, states(u.Name)) != access.No
		})
	}
	return out
}

// secretFiles are what a machine needs for the secrets of the host: their files, and the key that decrypts the others.
func secretFiles(g *Generated, h generator.Host) []string {
	var out []string
	for _, s := range h.Secrets {
		file := s.File
		if s.SopsKey != "" {
			file = cmp.Or(g.Node(h.Name).Get("sops", "ageKeyFile").Str(), generator.SopsKeyFile)
		}
		if !slices.Contains(out, file) {
			out = append(out, file)
		}
	}
	return out
}

// link is the absolute path of the link to the image. It refuses to replace anything but a link into the store.
func (o ImageOptions) link(v image.Variant, host string) (string, error) {
	path, err := filepath.Abs(cmp.Or(o.OutLink, "result-"+host+"-"+v.Name))
	if err != nil {
		return "", fmt.Errorf("find the working directory: %w", err)
	}
	to, err := os.Readlink(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && strings.HasPrefix(to, "/nix/store/") {
		return path, nil
	}
	return "", fault.New(fault.Usage, "%s is there already, and is not a link to something that Nix has built", path).
		Hint("move it away, or name another with --out-link")
}

// imageFile is the file of the image in what was built, with its size: what nixos-rebuild prints for some variants is
// not there. It is the largest, beside what describes it.
func imageFile(built string) (path string, size int64, err error) {
	err = filepath.WalkDir(built, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := os.Stat(at)
		if err == nil && fi.Mode().IsRegular() && fi.Size() >= size {
			path, size = at, fi.Size()
		}
		return err
	})
	if err == nil && path == "" {
		err = fs.ErrNotExist
	}
	return path, size, err
}

// ListImages lists the variants.
func ListImages(a *App) error {
	return a.Print(image.Variants, func(w io.Writer) {
		fmt.Fprintln(w, "VARIANT\tFILE\tPLATFORM\tWHAT FOR")
		for _, v := range image.Variants {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.Name, v.Extension, cmp.Or(v.System, "any"), v.About)
		}
	})
}
