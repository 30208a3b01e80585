package preflight

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

var secrets = Check{
	Name: "secrets", acting: true,
	Doc: "the files that services read secrets from are there",
	find: func(_ context.Context, v *visit) {
		for _, s := range v.to.Secrets {
			if s.File == "" {
				continue // sops-nix makes it during activation
			}
			what := "the secret " + s.Name
			if s.For != "" {
				what += " for " + s.For
			}
			fi, err := v.system().Stat(s.File)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				v.blocker("put it there, readable by the service only, or let sops-nix or agenix make it",
					"%s is missing: %s", what, s.File)
			case err != nil: // a directory that only root may look into: it is there
			case fi.Mode().Perm()&0o004 != 0:
				v.warning("sudo chmod 0400 "+s.File,
					"%s can be read by everybody: %s has mode %04o", what, s.File, fi.Mode().Perm())
			case fi.Size() == 0 && fi.Mode().IsRegular():
				v.blocker("write it", "%s is empty: %s", what, s.File)
			}
		}
	},
}

var homeFiles = Check{
	Name: "home-files", acting: true,
	Doc: "what home-manager would move out of its way",
	find: func(_ context.Context, v *visit) {
		for _, file := range v.to.HomeFiles {
			fi, link, err := v.system().Lstat(file)
			switch {
			case err != nil, strings.HasPrefix(link, "/nix/store/"): // not there, or home-manager's own
			case fi.IsDir():
				v.blocker("move it away", "%s is a directory, and home-manager wants to put a file there", file)
			default:
				v.warning("nothing needs to be done; move your settings into the profile's home",
					"%s is in home-manager's way and will be kept as %s.before-quick-deploy-…", file, filepath.Base(file))
			}
		}
	},
}
