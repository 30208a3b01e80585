package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

func TestMain(m *testing.M) { nixtest.Main(m) }

const pinsFile = "../pins.json"

// The file is as this program writes it, so that a refresh changes nothing but pins.
func TestFileIsAsWritten(t *testing.T) {
	data, err := os.ReadFile(pinsFile)
	if err != nil {
		t.Fatal(err)
	}
	file, err := flake.ReadPinFile(data)
	if err != nil {
		t.Fatal(err)
	}
	want, err := encode(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(data)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// upstream is a folder of git repositories with flakes.
type upstream struct {
	t   *testing.T
	env *nixtest.Env
	dir string
}

func (u upstream) url(name string) string {
	return "git+file://" + filepath.Join(u.dir, name) + "?ref=main"
}

// publish commits a flake.nix, which Nix locks, to the repository called name.
func (u upstream) publish(name, source string) {
	u.t.Helper()
	dir := filepath.Join(u.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		u.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(source), 0o644); err != nil {
		u.t.Fatal(err)
	}
	git := func(args ...string) {
		u.t.Helper()
		u.env.Run(u.t, "git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
	}
	git("init", "-q", "-b", "main")
	git("add", ".")
	u.env.Run(u.t, "nix", "flake", "lock", "git+file://"+dir)
	git("add", ".")
	git("commit", "-q", "-m", "x")
}

func (u upstream) ask(ctx context.Context, url string) ([]byte, error) {
	return u.env.TryRun(ctx, "nix", "flake", "metadata", "--json", "--no-write-lock-file", "--refresh", url)
}

// revCount is what Nix notes of git repositories and a pin does not hold.
var revCount = regexp.MustCompile(`\n *"revCount": [0-9]+,`)

// A refreshed file leads to the lock file that Nix makes of the same inputs,
// whatever they bring along, and again after all of them have changed.
func TestRefresh(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		u := upstream{t, env, t.TempDir()}
		u.publish("nixpkgs", `{ outputs = _: { }; }`)
		u.publish("systems", `{ outputs = _: { }; }`)
		u.publish("compat", `{ outputs = _: { }; }`)
		u.publish("utils", fmt.Sprintf(`{ inputs.systems.url = %q; outputs = _: { }; }`, u.url("systems")))
		u.publish("actions", fmt.Sprintf(`{ inputs.nixpkgs.url = %q; outputs = _: { }; }`, u.url("nixpkgs")))
		engine := func(more string) {
			u.publish("engine", fmt.Sprintf(`{
			  inputs = {
			    nixpkgs.url = %q;
			    stable.url = %q;
			    utils.url = %q;
			    actions = { url = %q; inputs.nixpkgs.follows = "nixpkgs"; };
			    compat = { url = %q; flake = false; };
			    %s
			  };
			  outputs = _: { };
			}`, u.url("nixpkgs"), u.url("nixpkgs"), u.url("utils"), u.url("actions"), u.url("compat"), more))
		}
		engine("")

		old := flake.PinEntry{
			Rev: strings.Repeat("0", 40), NarHash: "sha256-lDebytrYdd47IBLwvNOD+6AGeoqZ78CIKlp70hzW280=", LastModified: 1,
		}
		nixpkgs, tool := old, old
		nixpkgs.URL, tool.URL = u.url("nixpkgs"), u.url("engine")
		tool.Follows = map[string]string{"stable": "nixpkgs", "gone": "nixpkgs"}
		name := filepath.Join(t.TempDir(), "pins.json")
		data, err := encode(flake.PinFile{
			Releases: map[string]map[string]flake.PinEntry{"26.05": {"nixpkgs": nixpkgs}},
			Optional: map[string]flake.PinEntry{"engine": tool},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		same := func() flake.PinFile {
			t.Helper()
			if err := run(t.Context(), name, u.ask); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := flake.ReadPinFile(data)
			if err != nil {
				t.Fatal(err)
			}
			inputs, err := file.Pins().Inputs("26.05", "nixpkgs", "engine")
			if err != nil {
				t.Fatal(err)
			}
			got, err := flake.Lock(inputs)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			source := fmt.Sprintf(`{
			  inputs.nixpkgs.url = %q;
			  inputs.engine = { url = %q; inputs.nixpkgs.follows = "nixpkgs"; inputs.stable.follows = "nixpkgs"; };
			  outputs = _: { };
			}`, u.url("nixpkgs"), u.url("engine"))
			if err := os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
			env.Run(t, "nix", "flake", "lock", "path:"+dir)
			want, err := os.ReadFile(filepath.Join(dir, "flake.lock"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(revCount.ReplaceAllString(string(want), ""), string(got)); diff != "" {
				t.Errorf("-Nix +ours:\n%s", diff)
			}
			return file
		}
		first := same()
		if _, ok := first.Optional["engine"].Follows["gone"]; ok {
			t.Error("an input that the flake does not have is redirected")
		}

		u.publish("nixpkgs", `{ outputs = _: { new = 1; }; }`)
		u.publish("extra", `{ outputs = _: { }; }`)
		engine(fmt.Sprintf("extra.url = %q;", u.url("extra")))
		second := same()
		if was, is := first.Releases["26.05"]["nixpkgs"].Rev, second.Releases["26.05"]["nixpkgs"].Rev; was == is {
			t.Errorf("nixpkgs is at %s still", is)
		}
		if _, ok := second.Optional["engine"].Inputs["extra"]; !ok {
			t.Error("the new input of engine is not pinned")
		}

		// What cannot be said in the file is an error, and leaves the file as it is.
		engine(`self-made.follows = "utils/systems";`)
		before, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		err = run(t.Context(), name, u.ask)
		if err == nil || !strings.Contains(err.Error(), "self-made follows utils/systems") {
			t.Errorf("got %v", err)
		}
		if after, err := os.ReadFile(name); err != nil || string(after) != string(before) {
			t.Errorf("the file changed: %v", err)
		}
	})
}

// A redirection by a flake that is not the parent is refused.
func TestNestedRedirection(t *testing.T) {
	answer := func(follows string) asker {
		return func(context.Context, string) ([]byte, error) {
			locked := `"locked": {"rev": "x"}, "original": {"type": "github", "owner": "o", "repo": "r"}`
			return fmt.Appendf(nil, `{"locked": {"rev": "y"}, "locks": {"root": "root", "nodes": {
			  "root": {"inputs": {"a": "a"}},
			  "a": {"inputs": {"b": "b"}, %[1]s},
			  "b": {"inputs": {"c": %[2]s}, %[1]s}
			}}}`, locked, follows), nil
		}
	}
	got, err := refresh(t.Context(), flake.PinEntry{URL: "github:o/x"}, answer(`["a", "d"]`))
	if err != nil {
		t.Fatal(err)
	}
	if follows := got.Inputs["a"].Inputs["b"].Follows["c"]; follows != "d" {
		data, _ := json.Marshal(got)
		t.Errorf("c follows %q in %s", follows, data)
	}
	_, err = refresh(t.Context(), flake.PinEntry{URL: "github:o/x"}, answer(`["d"]`))
	if err == nil || !strings.Contains(err.Error(), "input a/b/c is redirected") {
		t.Errorf("got %v", err)
	}
}
