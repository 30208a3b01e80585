package preflight

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Profile is what a run takes its configuration from, or took it from.
type Profile struct {
	Path string // absolute; "" in the records of older versions
	Hash string // of its content
	Host string
	Run  int // the run that deployed it; 0: none has yet
}

var profile = Check{
	Name: "profile", acting: true,
	Doc: "the machine was last deployed from this profile",
	// A path alone does not tell: a checkout in a new folder is the same profile.
	find: func(ctx context.Context, v *visit) {
		if len(v.to.Profiles) == 0 {
			return
		}
		now, last := v.to.Profile, v.to.Profiles[0]
		// A copy of it, as it is or as it was.
		known := func(p Profile) bool { return p.Path == last.Path && p.Hash == now.Hash }
		if now.Path == "" || last.Path == "" || last.Path == now.Path || sameFile(last.Path, now.Path) ||
			slices.ContainsFunc(v.to.Profiles, known) {
			return
		}
		if _, err := os.Stat(last.Path); err != nil || sameRepository(ctx, v.Runner, last.Path, now.Path) {
			return // moved, removed, or another clone's
		}
		v.blocker("name the profile with --profile "+last.Path+"; if this one takes its place, --skip profile once",
			"run %d deployed host %s from %s, which is still there, and this is another profile: host %s from %s",
			last.Run, last.Host, last.Path, now.Host, now.Path)
	},
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// sameRepository says whether two files are the same one of the same repository:
// of clones that have a remote or a first commit in common.
func sameRepository(ctx context.Context, r run.Runner, a, b string) bool {
	nameA, originsA := repository(ctx, r, a)
	nameB, originsB := repository(ctx, r, b)
	return nameA != "" && nameA == nameB &&
		slices.ContainsFunc(originsA, func(o string) bool { return slices.Contains(originsB, o) })
}

// repository returns the name of a file in its git work tree, and what identifies the
// repository: the addresses of its remotes, without who logs in there, and its
// first commits. A clone of limited depth has only the former. Name is "" where
// git knows of no work tree.
func repository(ctx context.Context, r run.Runner, file string) (name string, origins []string) {
	dir := filepath.Dir(file)
	git := func(args ...string) []string {
		res, err := r.Run(ctx, run.Command{Name: "git", Args: args, Dir: dir})
		if err != nil {
			return nil
		}
		return strings.Split(strings.TrimSuffix(res.Stdout, "\n"), "\n")
	}
	prefix := git("rev-parse", "--show-prefix")
	if len(prefix) != 1 {
		return "", nil
	}
	for _, line := range git("config", "--get-regexp", `^remote\..*\.url$`) {
		_, url, _ := strings.Cut(line, " ")
		scheme, rest, ok := strings.Cut(url, "://")
		if at := strings.LastIndexByte(rest, '@'); ok && at >= 0 {
			url = scheme + "://" + rest[at+1:]
		}
		if url != "" {
			origins = append(origins, url)
		}
	}
	for _, commit := range git("rev-list", "--max-parents=0", "HEAD") {
		if commit != "" {
			origins = append(origins, commit)
		}
	}
	return prefix[0] + filepath.Base(file), origins
}
