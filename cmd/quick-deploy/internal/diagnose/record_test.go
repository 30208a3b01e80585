package diagnose_test

import (
	"cmp"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

var update = flag.Bool("update", false, "record anew what each installed Nix says about testdata/errors")

func TestMain(m *testing.M) { nixtest.Main(m) }

// checkout is the folder of a real nixpkgs by the name that samples call it,
// and home-manager's beside it: flakes in git repositories. They are needed to
// record, not to test.
func checkout(name string) string {
	return os.Getenv("QUICK_DEPLOY_TEST_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name)))
}

// Every installed Nix is asked again about the flakes of the table, so that the texts are
// not only those of the day they were recorded. With -update, the texts of
// this Nix are recorded, also those of real nixpkgs where there are checkouts.
func TestNixSaysSo(t *testing.T) {
	all := samples(t)
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		// The first command lays out the store; several at once would do it together.
		env.Run(t, "nix-store", "--init")
		for _, s := range all {
			if s.nixpkgs != "stand-in" && (!*update || checkout(s.nixpkgs) == "") {
				continue
			}
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				for _, short := range []bool{false, true} {
					text := s.run(t, env, short)
					if wrong := s.judge(text, short); wrong != "" {
						t.Errorf("%s\n%s", wrong, text)
					}
					if *update {
						s.record(t, env.Version(), short, text)
					}
				}
			})
		}
	})
}

// run builds the flake as the executor does and returns what Nix wrote, with the names of
// folders that differ between runs replaced.
func (s *sample) run(t *testing.T, env *nixtest.Env, short bool) string {
	t.Helper()
	work := t.TempDir()
	for name, f := range s.flake {
		path := filepath.Join(work, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	overrides := env.Overrides()
	if s.nixpkgs != "stand-in" {
		overrides["nixpkgs"] = "git+file://" + checkout(s.nixpkgs)
		overrides["home-manager"] = "git+file://" + checkout("home-manager")
	}
	flake := env.Flake(t, work, overrides)
	args := append([]string{"build", "--no-link", "--log-format", "internal-json", flake.Ref(s.attr)}, flake.Args()...)
	args = append(args, s.args...)
	if !short {
		args = append(args, "--show-trace")
	}
	cmd := env.Command(t.Context(), "nix", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err == nil || !errors.As(err, &exit) {
		t.Fatalf("nix did not fail: %v\n%s", err, nixlog.Read(stderr.String()).Text)
	}
	root := strings.TrimSuffix(env.Store(), "/store")
	names := []string{work, dir, env.Store(), "/nix/store", root, "/tmp/nix"}
	for name, plain := range map[string]string{s.nixpkgs: "/nixpkgs", "home-manager": "/home-manager"} {
		if folder := checkout(name); folder != "" {
			names = append(names, folder, plain)
		}
	}
	return errorsOnly(strings.NewReplacer(names...).Replace(nixlog.Read(stderr.String()).Text))
}

// errorsOnly leaves out what stands before the first error: warnings about
// inputs that differ from the lock file.
func errorsOnly(text string) string {
	if i := strings.Index("\n"+text, "\nerror:"); i >= 0 {
		return text[i:]
	}
	return text
}

// record puts a text into the sample's archive, the newest Nix first. The long
// traces of a real nixpkgs are kept of one Nix only.
func (s *sample) record(t *testing.T, version string, short bool, text string) {
	t.Helper()
	if short {
		version += " short"
	} else if s.nixpkgs != "stand-in" && !strings.HasPrefix(version, "2.34.") {
		return
	}
	files := slices.DeleteFunc(slices.Clone(s.archive.Files), func(f txtar.File) bool { return f.Name == version })
	files = append(files, txtar.File{Name: version, Data: []byte(text)})
	slices.SortStableFunc(files, func(a, b txtar.File) int {
		ra, rb := isText(a.Name), isText(b.Name)
		switch {
		case ra && rb:
			return cmp.Or(strings.Compare(firstWord(b.Name), firstWord(a.Name)), len(a.Name)-len(b.Name))
		case ra:
			return 1
		case rb:
			return -1
		}
		return 0
	})
	s.archive.Files = files
	if err := os.WriteFile(s.file, txtar.Format(s.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

func isText(name string) bool { return name[0] >= '0' && name[0] <= '9' }
