package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// Runner runs a command in a directory with stdin and returns what it wrote to
// its standard output. The error of a command that failed holds its standard
// error. No GIT_ variables should be set that point at another repository.
type Runner func(ctx context.Context, dir string, stdin []byte, argv ...string) ([]byte, error)

// Visibility says which files of the tree Nix sees. In a git work tree a flake
// consists of the files in the index; all others do not exist for Nix.
type Visibility struct {
	// Repository is the root of the work tree that the tree lies in, "" if
	// there is none and Nix sees everything.
	Repository string
	// Foreign says that the repository is about something else: its root is
	// above the tree, and it tracks nothing of it. Nothing was added.
	Foreign bool
	// Added are the files that Reveal added to the index, without content
	// (git add --intent-to-add).
	Added []string
	// Ignored are files that stay invisible because a rule of the user's
	// ignores them, with the rule: path -> ".gitignore:3:hosts/".
	Ignored map[string]string
}

// Reveal makes the generated files visible to Nix if the tree lies in a git
// work tree: those that git does not track yet are added to the index without
// their content. Nothing is staged and nothing committed. A repository that is
// about something else, and files that a .gitignore covers, are left alone
// unless forced: whoever owns the one or wrote the other meant it so.
func (t *Tree) Reveal(ctx context.Context, run Runner, files []File, force bool) (Visibility, error) {
	root, err := workTree(t.dir)
	if root == "" || err != nil {
		return Visibility{}, err
	}
	v := Visibility{Repository: root}
	present, err := t.present(files)
	if err != nil {
		return v, err
	}
	tracked, err := t.tracked(ctx, run)
	if err != nil {
		return v, err
	}
	missing := listed(present, tracked, false)
	if len(missing) == 0 {
		return v, nil
	}
	if v.Foreign = root != t.dir && len(tracked) == 0 && !force; v.Foreign {
		return v, nil
	}
	if v.Ignored, err = t.ignored(ctx, run, missing); err != nil {
		return v, err
	}
	add := []string{"git", "add", "--intent-to-add", "--pathspec-from-file=-", "--pathspec-file-nul"}
	if force {
		add = append(add, "--force")
		v.Ignored = nil
	}
	v.Added = slices.DeleteFunc(missing, func(p string) bool { return v.Ignored[p] != "" })
	if len(v.Added) == 0 {
		return v, nil
	}
	var paths []string
	for _, p := range v.Added {
		paths = append(paths, ":(literal)"+p)
	}
	if _, err := run(ctx, t.dir, zero(paths), add...); err != nil {
		v.Added = nil
		return v, fmt.Errorf("make the generated files visible to Nix: %w", err)
	}
	return v, nil
}

// ErrForeign is wrapped by the fault about a tree in a repository that is about something else.
var ErrForeign = errors.New("the flake would be invisible to Nix")

// Err is a fault if Nix would not see all of the tree, which is at dir, else nil.
func (v Visibility) Err(dir string) error {
	if v.Foreign {
		return fault.New(fault.Preflight, "%w: %s is in the git repository %s, which tracks nothing of it",
			ErrForeign, dir, v.Repository).
			Hint("name a folder outside of %s with --flake", v.Repository).
			Hint("to make it a part of that repository, without committing anything: "+
				"git -C %s add --intent-to-add .", dir)
	}
	if len(v.Ignored) == 0 {
		return nil
	}
	paths := slices.Sorted(maps.Keys(v.Ignored))
	first := paths[0]
	more := ""
	if len(paths) > 1 {
		more = fmt.Sprintf(" and %d more", len(paths)-1)
	}
	f := fault.New(fault.Preflight, "git ignores generated files, so Nix does not see them: %s (rule %s)%s", first,
		v.Ignored[first], more)
	return f.Hint("remove the rule, or choose a folder outside %s with --flake", v.Repository).
		Hint("or add them to the index anyway, without committing: "+
			"git -C %s add --intent-to-add --force %s", v.Repository, first)
}

// workTree finds the git work tree that dir lies in the way Nix does: the
// nearest directory upwards that has a .git. Git itself is not asked, since it
// may refuse to answer (another owner's repository) or be missing.
func workTree(dir string) (string, error) {
	for d := dir; ; d = filepath.Dir(d) {
		_, err := os.Lstat(filepath.Join(d, ".git"))
		if err == nil {
			return d, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", onDisk("look for a git repository in", d, err)
		}
		if d == filepath.Dir(d) {
			return "", nil
		}
	}
}

// present are the files of the set that exist, and the manifest.
func (t *Tree) present(files []File) ([]string, error) {
	var out []string
	for _, f := range append(slices.Clone(files), File{Path: ManifestPath}) {
		info, err := t.look(f.Path, nil)
		if err != nil {
			return nil, err
		}
		if info != nil {
			out = append(out, f.Path)
		}
	}
	slices.Sort(out)
	return out, nil
}

// tracked are the files of the tree in git's index, as git lists them.
func (t *Tree) tracked(ctx context.Context, run Runner) ([]byte, error) {
	out, err := run(ctx, t.dir, nil, "git", "ls-files", "-z", "--cached")
	if err != nil {
		f := fault.New(fault.Preflight, "ask git which files it tracks in %s: %w", t.dir, err)
		if errors.Is(err, exec.ErrNotFound) {
			return nil, f.Hint("install git: Nix needs it too, to read a flake in a git repository")
		}
		return nil, f.Hint("Nix reads a flake in a git repository through git, and would fail the same way")
	}
	return out, nil
}

// ignored are those of the paths that git ignores, with the rule. The paths
// are untracked.
func (t *Tree) ignored(ctx context.Context, run Runner, paths []string) (map[string]string, error) {
	out, err := run(ctx, t.dir, nil, "git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard")
	if err != nil {
		return nil, fmt.Errorf("ask git which files it ignores: %w", err)
	}
	some := listed(paths, out, true)
	if len(some) == 0 {
		return nil, nil
	}
	// Only now, since check-ignore fails if none of the paths is ignored.
	out, err = run(ctx, t.dir, zero(some), "git", "check-ignore", "-z", "--stdin", "--verbose")
	if err != nil {
		return nil, fmt.Errorf("ask git why it ignores files: %w", err)
	}
	rules := map[string]string{}
	for _, p := range some {
		rules[p] = "one of git's own"
	}
	for f := range slices.Chunk(split(out), 4) { // source, line, pattern, path
		if len(f) == 4 {
			rules[f[3]] = f[0] + ":" + f[1] + ":" + f[2]
		}
	}
	return rules, nil
}

// listed are those of the paths that git lists, or those that it does not.
func listed(paths []string, list []byte, does bool) []string {
	in := map[string]bool{}
	for _, p := range split(list) {
		in[p] = true
	}
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return in[p] != does })
}

func zero(paths []string) []byte { return []byte(strings.Join(paths, "\x00") + "\x00") }

func split(out []byte) []string {
	out = bytes.TrimSuffix(out, []byte{0})
	if len(out) == 0 {
		return nil
	}
	return strings.Split(string(out), "\x00")
}
