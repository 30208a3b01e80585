package play

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator/profile"
)

const (
	root   = "../../../.."
	golden = root + "/golden"
	tool   = "1.2.3" // the version of what is built here
)

// build builds a command of the project.
func build(t *testing.T, out, command string, env ...string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-ldflags", "-X main.version="+tool, "-o", out, "./cmd/"+command)
	cmd.Dir, cmd.Env = root, append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", command, err, text)
	}
}

// cases are the golden profiles. Their hosts name the facts that they have.
func cases(t *testing.T) map[string]question {
	t.Helper()
	dirs, err := filepath.Glob(golden + "/*/profile.yaml")
	if err != nil || len(dirs) < 60 {
		t.Fatalf("%d golden cases: %v", len(dirs), err)
	}
	out := map[string]question{}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		q := question{Files: map[string]string{}}
		for _, pattern := range []string{"*.yaml", "facts/*.json"} {
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				name, err := filepath.Rel(dir, f)
				if err != nil {
					t.Fatal(err)
				}
				q.Files[filepath.ToSlash(name)] = string(data)
			}
		}
		text := []byte(q.Files["profile.yaml"])
		delete(q.Files, "profile.yaml")
		for name := range q.Files {
			host, ok := strings.CutPrefix(strings.TrimSuffix(name, ".json"), "facts/")
			if !ok {
				continue
			}
			at := []string{"hosts", host, "hardware", "facts"}
			n, err := profile.Parse(file, text)
			if err != nil {
				t.Fatal(err)
			}
			if n.Get("host") != nil {
				at = append([]string{"host"}, at[2:]...)
			}
			if n.Get(at...) != nil {
				continue
			}
			if text, err = profile.SetIn(text, at, name); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
		q.Profile = string(text)
		out[filepath.Base(dir)] = q
	}
	return out
}

func ask[A any](t testing.TB, p *Page, name string, q any) (a A) {
	t.Helper()
	text, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Call(name, text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func newPage(t testing.TB) *Page {
	t.Helper()
	p, err := New(tool, nil, func() time.Time { return time.Time{} })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// thing is a file or a folder.
type thing struct {
	Mode fs.FileMode
	Data string
}

// What is downloaded is what the program writes into an empty folder: paths, modes and bytes.
func TestArchivesAreWhatGenerateWrites(t *testing.T) {
	program := filepath.Join(t.TempDir(), "quick-deploy")
	build(t, program, "quick-deploy", "CGO_ENABLED=0")
	for name, q := range cases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := written(t, program, q)
			p := newPage(t)
			if a := ask[generated](t, p, "generate", q); !a.Valid {
				t.Fatalf("%+v", a.Problems)
			}
			for format, read := range map[string]func(*testing.T, []byte) map[string]thing{
				"tar": untar, "tgz": ungzip, "zip": unzip,
			} {
				data, err := p.Archive(format)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, read(t, data)); diff != "" {
					t.Errorf("%s (-generate +page):\n%s", format, diff)
				}
			}
		})
	}
}

// lay puts the profile and what is beside it into a folder.
func lay(t *testing.T, dir string, q question) {
	t.Helper()
	files := maps.Clone(q.Files)
	files[profileName] = q.Profile
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// written is what the program writes into an empty folder.
func written(t *testing.T, program string, q question) map[string]thing {
	t.Helper()
	dir := t.TempDir()
	lay(t, dir, q)
	cmd := exec.Command(program, "--no-probe", "--flake", "flake", "generate")
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "QUICK_DEPLOY_ALLOW_ROOT=true"}
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, text)
	}
	out := map[string]thing{}
	tree := os.DirFS(filepath.Join(dir, "flake"))
	err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		info, err := d.Info()
		if err != nil || d.IsDir() {
			out[path] = thing{Mode: info.Mode()}
			return err
		}
		data, err := fs.ReadFile(tree, path)
		out[path] = thing{info.Mode(), string(data)}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ungzip(t *testing.T, data []byte) map[string]thing {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	data, err = io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return untar(t, data)
}

func untar(t *testing.T, data []byte) map[string]thing {
	t.Helper()
	out := map[string]thing{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(h.Name, "/")] = thing{h.FileInfo().Mode(), string(text)}
	}
}

func unzip(t *testing.T, data []byte) map[string]thing {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]thing{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(f.Name, "/")] = thing{f.Mode(), string(text)}
	}
	return out
}
