package preflight

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

var secrets = check{
	name: "secrets", acting: true,
	doc: "the files that services read secrets from are there",
	find: func(_ context.Context, m *Machine, t Target) []Finding {
		var out []Finding
		for _, s := range t.Secrets {
			if s.Made {
				continue
			}
			what := "the secret " + s.Name
			if s.For != "" {
				what += " for " + s.For
			}
			fi, err := m.system().Stat(s.Path)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				out = append(out, blocker("put it there, readable by the service only, or let sops-nix or agenix make it",
					"%s is missing: %s", what, s.Path))
			case err != nil: // a directory that only root may look into: it is there
			case fi.Mode().Perm()&0o004 != 0:
				out = append(out, warning("sudo chmod 0400 "+s.Path,
					"%s can be read by everybody: %s has mode %04o", what, s.Path, fi.Mode().Perm()))
			case fi.Size() == 0 && fi.Mode().IsRegular():
				out = append(out, blocker("write it", "%s is empty: %s", what, s.Path))
			}
		}
		return out
	},
}

var homeFiles = check{
	name: "home-files", acting: true,
	doc: "what home-manager would move out of its way",
	find: func(_ context.Context, m *Machine, t Target) []Finding {
		var out []Finding
		for _, f := range t.HomeFiles {
			fi, link, err := m.system().Lstat(f.Path)
			switch {
			case err != nil, strings.HasPrefix(link, "/nix/store/"): // not there, or home-manager's own
			case fi.IsDir():
				out = append(out, blocker("move it away",
					"%s is a directory, and home-manager wants to put a file there", f.Path))
			default:
				out = append(out, warning("nothing needs to be done; move your settings into the profile's home",
					"%s is in home-manager's way and will be kept as %s.before-quick-deploy-…",
					f.Path, filepath.Base(f.Path)))
			}
		}
		return out
	},
}
