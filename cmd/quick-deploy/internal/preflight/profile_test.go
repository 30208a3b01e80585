package preflight

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// folders makes a folder of profiles below a temporary one: each is what a script
// leaves there, which runs in it.
func folders(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("sh", "-euc", `
commit() { git -C "$1" add -A && git -C "$1" -c user.name=a -c user.email=a@b commit -q -m x; }
`+script)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

func TestSameProfile(t *testing.T) {
	// A machine of one's own: the profile in a/ was deployed as one, two, and three.
	const alone = `mkdir a b; echo three > a/p.yaml; echo four > b/p.yaml`
	const clones = `git init -q a; echo three > a/p.yaml; commit a; git clone -q a b; echo four > b/p.yaml; commit b`
	was := func(dir string) []Profile {
		return []Profile{
			{Path: filepath.Join(dir, "a/p.yaml"), Hash: "three", Host: "atlas", Run: 3},
			{Path: filepath.Join(dir, "a/p.yaml"), Hash: "two", Host: "atlas", Run: 2}, {Hash: "one", Host: "atlas", Run: 1},
		}
	}
	for _, c := range []struct {
		name, script string
		now          Profile
		other        bool
	}{
		{"the same file", alone, Profile{Path: "a/p.yaml", Hash: "four", Host: "atlas"}, false},
		{"the same file, other host", alone, Profile{Path: "a/p.yaml", Hash: "four", Host: "web"}, false},
		{"a link to it", alone + `; ln -s a c`, Profile{Path: "c/p.yaml", Hash: "four", Host: "atlas"}, false},
		{"another file", alone, Profile{Path: "b/p.yaml", Hash: "four", Host: "atlas"}, true},
		{"another file, other host", alone, Profile{Path: "b/p.yaml", Hash: "four", Host: "web"}, true},
		{"the built-in one", alone, Profile{Path: "builtin:", Hash: "four", Host: "atlas"}, true},
		{"a copy", alone, Profile{Path: "b/p.yaml", Hash: "three", Host: "atlas"}, false},
		{"a copy of a former state", alone, Profile{Path: "b/p.yaml", Hash: "two", Host: "atlas"}, false},
		{"moved", alone + `; mv a c`, Profile{Path: "c/p.yaml", Hash: "four", Host: "atlas"}, false},
		{"removed", alone + `; rm -r a`, Profile{Path: "b/p.yaml", Hash: "four", Host: "atlas"}, false},
		{"a clone", clones, Profile{Path: "b/p.yaml", Hash: "four", Host: "atlas"}, false},
		{"another file of a clone", clones + `; cp b/p.yaml b/q.yaml`, Profile{Path: "b/q.yaml", Hash: "four", Host: "atlas"}, true},
		{
			"two checkouts of limited depth", `
git init -q r; echo one > r/p.yaml; commit r; echo two > r/p.yaml; commit r
git clone -q --depth=1 "file://$PWD/r" a; echo three > r/p.yaml; commit r; git clone -q --depth=1 "file://$PWD/r" b
git -C a remote set-url origin https://ci:one@git.example.org/r; git -C b remote set-url origin https://ci:two@git.example.org/r`,
			Profile{Path: "b/p.yaml", Hash: "four", Host: "atlas"}, false,
		},
		{
			"another repository", `git init -q a; echo three > a/p.yaml; commit a; git init -q b; echo four > b/p.yaml; commit b`,
			Profile{Path: "b/p.yaml", Hash: "four", Host: "atlas"}, true,
		},
		{"repositories without a commit", `git init -q a; git init -q b; echo three > a/p.yaml; echo four > b/p.yaml`, Profile{Path: "b/p.yaml", Hash: "four", Host: "atlas"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folders(t, c.script)
			m, tg := fixture(t, healthy), good()
			m.Runner = &run.Exec{Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}}
			tg.Profile, tg.Profiles = c.now, was(dir)
			if strings.Contains(c.now.Path, "/") {
				tg.Profile.Path = filepath.Join(dir, c.now.Path)
			}
			r, err := Run(t.Context(), m, tg, Options{Acting: true, Only: []string{"profile"}})
			if err != nil || len(r.Ran) != 1 || (len(r.Blockers()) == 1) != c.other {
				t.Fatalf("%v: %+v", err, r)
			}
			if c.other && (!strings.Contains(r.Findings[0].What, "run 3 deployed host atlas from "+dir+"/a/p.yaml") ||
				!strings.Contains(r.Findings[0].Fix, "--profile "+dir+"/a/p.yaml")) {
				t.Errorf("%+v", r.Findings[0])
			}
		})
	}
}
