package preflight

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// element is what nix profile or nix-env has put into a profile.
type element struct {
	Name       string `json:"-"` // what nix profile remove knows it by; "" if nix-env has installed it
	AttrPath   string
	StorePaths []string
	Active     *bool
	Priority   *int
}

// defaultPriority is that of an element of which nothing else is known, and of what
// home-manager installs (nix, src/nix/profile.cc). Only equal ones collide.
const defaultPriority = 5

// names returns those that the element may have as a package of nixpkgs.
func (e element) names() []string {
	var out []string
	if parts := strings.SplitN(e.AttrPath, ".", 3); len(parts) == 3 {
		out = append(out, parts[2]) // legacyPackages.x86_64-linux.ripgrep
	}
	for _, p := range e.StorePaths {
		if name := storepath.Package(p); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// remove returns the command that takes the element out of the profile.
func (e element) remove() string {
	if e.Name == "" {
		return "nix-env --uninstall " + strings.Join(e.names(), " ")
	}
	return "nix profile remove " + e.Name
}

// profileElements reads what a user's own Nix profile holds: where NixOS has it, or
// where Nix has it with use-xdg-base-directories.
func profileElements(sys system.Machine, home string) []element {
	for _, p := range []string{".nix-profile", ".local/state/nix/profile", ".local/state/nix/profiles/profile"} {
		dir := path.Join(home, p)
		if text := sys.Text(path.Join(dir, "manifest.json")); text != "" {
			return readManifest([]byte(text))
		}
		if text := sys.Text(path.Join(dir, "manifest.nix")); text != "" {
			return readEnvManifest(text)
		}
	}
	return nil
}

// readManifest reads manifest.json of any version: 1 and 2 have a list of elements,
// 3 has them by name. One that cannot be read holds nothing that is known.
func readManifest(data []byte) []element {
	var m struct{ Elements json.RawMessage }
	if json.Unmarshal(data, &m) != nil {
		return nil
	}
	var list []element
	named := map[string]element{}
	if json.Unmarshal(m.Elements, &named) == nil {
		for name, e := range named {
			e.Name = name
			list = append(list, e)
		}
	} else if json.Unmarshal(m.Elements, &list) == nil {
		for i := range list {
			// A path of the store is a name for every version of nix profile.
			if list[i].Name = list[i].AttrPath; list[i].Name == "" && len(list[i].StorePaths) > 0 {
				list[i].Name = list[i].StorePaths[0]
			}
		}
	}
	list = slices.DeleteFunc(list, func(e element) bool {
		return e.Active != nil && !*e.Active || e.Priority != nil && *e.Priority != defaultPriority ||
			slices.Contains(e.names(), "home-manager-path")
	})
	slices.SortFunc(list, func(a, b element) int { return strings.Compare(a.Name, b.Name) })
	return list
}

var envPath = lazyregexp.New(`\boutPath = "(/nix/store/[^"]+)"`)

// readEnvManifest finds the packages in the manifest.nix of nix-env, which names
// each of them once, and once more for each output.
func readEnvManifest(text string) []element {
	var list []element
	for _, m := range envPath.FindAllStringSubmatch(text, -1) {
		e := element{StorePaths: []string{m[1]}}
		if !slices.Contains(e.names(), "home-manager-path") {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b element) int { return strings.Compare(a.StorePaths[0], b.StorePaths[0]) })
	return slices.CompactFunc(list, func(a, b element) bool { return a.StorePaths[0] == b.StorePaths[0] })
}

var homePackages = Check{
	Name: "home-packages", acting: true,
	Doc: "no package is in the home and in the user's Nix profile as well, where they collide",
	// By the files, once they are built, before that by the names.
	find: func(_ context.Context, v *visit) {
		for _, h := range v.to.Homes {
			for _, e := range profileElements(v.system(), h.Dir) {
				if what := v.findInBoth(h, e); what != "" {
					v.blocker(e.remove()+", as "+h.User+"; the home brings its own",
						"%s is in the Nix profile of %s and in the home that this run installs: home-manager would stop at it",
						what, h.User)
				}
			}
		}
	},
}

// findInBoth returns a file or a package that a home and an element of the user's profile have; "" if there is none.
func (m *Machine) findInBoth(h Home, e element) string {
	if h.Path != "" {
		return m.findFirstInBoth(h.Path, e.StorePaths)
	}
	for _, name := range e.names() {
		if slices.Contains(h.Packages, name) {
			return name
		}
	}
	return ""
}

// notInstalled are what a profile leaves out of the packages that it holds (nix,
// src/libstore/builtins/buildenv.cc).
var notInstalled = []string{
	"propagated-build-inputs", "nix-support", "perllocal.pod", "dir", "log", "manifest.nix", "manifest.json",
}

// findFirstInBoth returns a file that the package environment env and one of the packages have, from their roots.
func (m *Machine) findFirstInBoth(env string, packages []string) string {
	found := ""
	for _, p := range packages {
		root, err := filepath.EvalSymlinks(m.path(p))
		if err != nil {
			continue // collected
		}
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if slices.Contains(notInstalled, d.Name()) {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			rel, err := filepath.Rel(root, path)
			if err != nil || d.IsDir() {
				return err
			}
			if fi, err := os.Stat(filepath.Join(env, rel)); err == nil && !fi.IsDir() {
				found = rel
				return fs.SkipAll
			}
			return nil
		})
		if found != "" {
			return found
		}
	}
	return ""
}
