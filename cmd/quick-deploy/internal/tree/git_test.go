package tree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// runGit runs commands with nothing of the developer's git configuration.
func runGit(ctx context.Context, dir string, stdin []byte, argv ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(stdin)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "GIT_") }),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, stderr.Bytes())
	}
	return out, nil
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := runGit(t.Context(), dir, nil, append([]string{"git", "-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func reveal(t *testing.T, tr *Tree, files []File, force bool) Visibility {
	t.Helper()
	v, err := tr.Reveal(t.Context(), runGit, files, force)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRevealOutsideOfGit(t *testing.T) {
	tr := open(t, t.TempDir())
	v, err := tr.Reveal(t.Context(), func(context.Context, string, []byte, ...string) ([]byte, error) {
		t.Error("a command was run")
		return nil, nil
	}, set("a", "1"), false)
	if err != nil || v.Repository != "" || v.Err("dir") != nil {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestReveal(t *testing.T) {
	repo := t.TempDir()
	git(t, repo, "init", "-q")
	put(t, repo, "README", "theirs")
	put(t, repo, "untracked", "theirs")
	git(t, repo, "add", "README")
	git(t, repo, "commit", "-q", "-m", "first")

	dir := filepath.Join(repo, "machines", "nixos")
	tr := open(t, dir)
	files := set("flake.nix", "{ }", "hosts/a b/[x]*.nix", "1", "hosts/ä.nix", "1")
	apply(t, tr, files, Options{})
	// The repository is about something else: it is left alone, and Nix would see nothing.
	v := reveal(t, tr, files, false)
	if err := v.Err(dir); !v.Foreign || len(v.Added) > 0 || !errors.Is(err, ErrForeign) || fault.CodeOf(err) != fault.Preflight {
		t.Errorf("%+v, %v", v, err)
	}
	if got := git(t, repo, "ls-files", "--cached"); got != "README\n" {
		t.Errorf("tracked: %s", got)
	}
	// Where one file of the flake is tracked, so are the others.
	put(t, dir, "notes.md", "theirs")
	git(t, repo, "add", "--intent-to-add", "machines/nixos/notes.md")
	v = reveal(t, tr, files, false)
	want := []string{ManifestPath, "flake.nix", "hosts/a b/[x]*.nix", "hosts/ä.nix"}
	if diff := cmp.Diff(want, v.Added); diff != "" || v.Repository != repo {
		t.Errorf("repository %s, added, -want +got:\n%s", v.Repository, diff)
	}
	if got := git(t, repo, "diff", "--cached", "--name-only"); got != "" {
		t.Errorf("staged: %s", got)
	}
	if got := git(t, repo, "log", "--oneline"); strings.Count(got, "\n") != 1 {
		t.Errorf("committed: %s", got)
	}
	if got := git(t, repo, "ls-files", "--others"); got != "untracked\n" {
		t.Errorf("untracked: %s", got)
	}
	if v := reveal(t, tr, files, false); len(v.Added) != 0 {
		t.Errorf("added again: %v", v.Added)
	}
}

func TestRevealIgnored(t *testing.T) {
	repo := t.TempDir()
	git(t, repo, "init", "-q")
	put(t, repo, ".gitignore", "*.lock\nhardware-*\n!kept-*\n")
	files := set("flake.nix", "{ }", "flake.lock", "{}", "hosts/a/hardware-configuration.nix", "1")
	tr := open(t, repo)
	apply(t, tr, files, Options{})
	v := reveal(t, tr, files, false)
	wantRules := map[string]string{"flake.lock": ".gitignore:1:*.lock", "hosts/a/hardware-configuration.nix": ".gitignore:2:hardware-*"}
	if diff := cmp.Diff(wantRules, v.Ignored); diff != "" {
		t.Errorf("ignored, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{ManifestPath, "flake.nix"}, v.Added); diff != "" {
		t.Errorf("added, -want +got:\n%s", diff)
	}
	err := v.Err("dir")
	if fault.CodeOf(err) != fault.Preflight || !strings.Contains(err.Error(), "flake.lock (rule .gitignore:1:*.lock) and 1 more") {
		t.Errorf("got %v", err)
	}
	if v := reveal(t, tr, files, true); v.Err("dir") != nil || len(v.Added) != 2 {
		t.Errorf("forced: %+v", v)
	}
}

func TestRevealWhereGitFails(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, ".git", "gitdir: /nonexistent\n")
	put(t, dir, "a", "1")
	_, err := open(t, dir).Reveal(t.Context(), runGit, set("a", "1"), false)
	if fault.CodeOf(err) != fault.Preflight || len(fault.HintsOf(err)) == 0 {
		t.Errorf("got %v", err)
	}
}

// What all this is for: Nix sees a generated flake inside someone's repository
// after Reveal and not before, and goes on seeing it when files are removed.
func TestNixSeesWhatIsRevealed(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		repo := t.TempDir()
		git(t, repo, "init", "-q")
		put(t, repo, "README", "theirs")
		git(t, repo, "add", ".")
		git(t, repo, "commit", "-q", "-m", "first")
		dir := filepath.Join(repo, "nixos")
		tr := open(t, dir)
		eval := func() (string, error) {
			out, err := env.TryRun(t.Context(), "nix", "eval", "--raw", "git+file://"+repo+"?dir=nixos#x")
			return string(out), err
		}

		flake := `{ outputs = _: { x = builtins.concatStringsSep " " (builtins.attrNames (builtins.readDir ./hosts)); }; }`
		files := set("flake.nix", flake, "hosts/a.nix", "1", "hosts/b.nix", "1")
		apply(t, tr, files, Options{})
		if out, err := eval(); err == nil {
			t.Fatalf("the untracked flake evaluates to %s", out)
		}
		git(t, repo, "add", "--intent-to-add", "nixos/flake.nix")
		reveal(t, tr, files, false)
		if out, err := eval(); err != nil || out != "a.nix b.nix" {
			t.Fatalf("got %q, %v", out, err)
		}
		files = files[:2]
		apply(t, tr, files, Options{})
		reveal(t, tr, files, false)
		if out, err := eval(); err != nil || out != "a.nix" {
			t.Fatalf("after a removal: got %q, %v", out, err)
		}
	})
}

func TestHashIsNix(t *testing.T) {
	env := nixtest.New(t)
	files := set("flake.nix", "{ }\n", "hosts/a/configuration.nix", "1", "hosts/a.b/x", "", "hosts/a-b/x", "3", "modules/ä.nix", "4")
	dir := t.TempDir()
	tr := open(t, dir)
	apply(t, tr, files, Options{})
	want := strings.TrimSpace(string(env.Run(t, "nix", "hash", "path", dir)))
	m, err := firstManifest(files, meta)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Hash(append(files, m)); err != nil || got != want {
		t.Errorf("Hash is %s, %v; Nix says %s", got, err, want)
	}
}

// firstManifest is the manifest as the first Apply of files to an empty directory
// writes it. Hash of the files with it is the hash of that directory.
func firstManifest(files []File, m Meta) (File, error) {
	out := manifest.New(m)
	for _, f := range files {
		if f.Once {
			out.Once[f.Path] = encode.Hash(f.Data)
		} else {
			out.Files[f.Path] = encode.Hash(f.Data)
		}
	}
	raw, err := out.Encode()
	if err != nil {
		return File{}, err
	}
	return File{Path: ManifestPath, Data: raw}, nil
}
