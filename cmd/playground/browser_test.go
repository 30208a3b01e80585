package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

// entry is what a file of a flake is beside its path.
type entry struct {
	Mode fs.FileMode
	Data string
}

// TestPage drives the built page in a real Chromium, as page/test/page.test.mjs says: what people see and do there, what
// axe-core finds, what it costs; and it downloads the flake of every golden case, whose archives must hold what
// `quick-deploy generate` writes into an empty folder. $QUICK_DEPLOY_TEST_CHROMIUM is the browser. It takes node and npm.
// QUICK_DEPLOY_TEST_SCREENSHOTS=true takes the pictures in docs anew.
func TestPage(t *testing.T) {
	chromium := os.Getenv("QUICK_DEPLOY_TEST_CHROMIUM")
	if chromium == "" {
		t.Skip("QUICK_DEPLOY_TEST_CHROMIUM does not name a Chromium")
	}
	work := t.TempDir()
	page, tests := filepath.Join(work, "page"), filepath.Join(work, "test")
	command(t, root, nil, ".ci/page", page)
	if err := os.CopyFS(tests, os.DirFS("page/test")); err != nil {
		t.Fatal(err)
	}
	command(t, tests, nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=5")
	want := goldenFlakes(t, work)
	server := httptest.NewServer(http.FileServer(http.Dir(page)))
	defer server.Close()

	downloads, pictures := filepath.Join(work, "downloads"), filepath.Join(work, "pictures")
	for _, dir := range []string{downloads, pictures} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command(t, tests, []string{
		"PAGE_URL=" + server.URL + "/", "PAGE_FOLDER=" + page, "CHROMIUM=" + chromium, "PROGRAM=" + filepath.Join(work, "quick-deploy"),
		"CASES=" + filepath.Join(work, "cases"), "DOWNLOADS=" + downloads, "PICTURES=" + pictures,
	}, "node", "--test", "--test-reporter=spec", "page.test.mjs")

	for name, files := range want {
		t.Run("golden/"+name, func(t *testing.T) {
			for kind, read := range map[string]func(string) (map[string]entry, error){".tar.gz": untar, ".zip": unzip} {
				got, err := read(filepath.Join(downloads, name+kind))
				if err != nil {
					t.Errorf("%s: %v", kind, err)
				} else if diff := cmp.Diff(files, got); diff != "" {
					t.Errorf("%s is not what generate writes (-generate +download):\n%s", kind, diff)
				}
			}
		})
	}
	if os.Getenv("QUICK_DEPLOY_TEST_SCREENSHOTS") == "true" && !t.Failed() {
		command(t, root, nil, "cp", filepath.Join(pictures, "playground-1280.png"), filepath.Join(pictures, "playground-390.png"), "docs")
	}
}

// command runs a command in dir, whose output is the test's.
func command(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s\n%s", cmd, out)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// goldenFlakes has the program write the flake of each golden case, from work/cases/NAME, which holds quick-deploy.yaml
// and the files that it names, all in one folder: what is dropped on the page has a name and no path.
func goldenFlakes(t *testing.T, work string) map[string]map[string]entry {
	t.Helper()
	program := filepath.Join(work, "quick-deploy")
	command(t, root, nil, "go", "build", "-buildvcs=false", "-o", program, "./cmd/quick-deploy")
	profiles, err := filepath.Glob(filepath.Join(root, "golden", "*", "profile.yaml"))
	if err != nil || len(profiles) < 60 {
		t.Fatalf("%d golden cases: %v", len(profiles), err)
	}
	want := map[string]map[string]entry{}
	for _, path := range profiles {
		from, name := filepath.Dir(path), filepath.Base(filepath.Dir(path))
		dir, flake := filepath.Join(work, "cases", name), filepath.Join(work, "flakes", name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		text := read(t, path)
		for _, pattern := range []string{"base.yaml", "secrets.yaml", "facts/*.json"} {
			beside, err := filepath.Glob(filepath.Join(from, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range beside {
				write(t, filepath.Join(dir, filepath.Base(b)), read(t, b))
			}
		}
		write(t, filepath.Join(dir, "quick-deploy.yaml"), named(t, from, text))
		cmd := exec.CommandContext(t.Context(), program, "--no-probe", "--flake", flake, "generate")
		cmd.Dir = dir
		cmd.Env = []string{"HOME=" + work, "PATH=" + os.Getenv("PATH"), "QUICK_DEPLOY_ALLOW_ROOT=true"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		if want[name], err = entries(flake); err != nil {
			t.Fatal(err)
		}
	}
	return want
}

// named is a golden profile that names the facts which the case has beside it, as the program and the page read them.
func named(t *testing.T, dir, profile string) string {
	t.Helper()
	reports, err := filepath.Glob(filepath.Join(dir, "facts", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	profile = strings.ReplaceAll(profile, "./facts/", "./")
	for _, report := range reports {
		file := filepath.Base(report)
		if strings.Contains(profile, "./"+file) {
			continue
		}
		host := "\n  " + strings.TrimSuffix(file, ".json") + ":\n"
		if strings.Count(profile, host) != 1 {
			t.Fatalf("%s: where does the host of %s begin?", dir, file)
		}
		profile = strings.Replace(profile, host, host+"    hardware: {facts: ./"+file+"}\n", 1)
	}
	return profile
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// entries are the files below dir.
func entries(dir string) (map[string]entry, error) {
	out := map[string]entry{}
	return out, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(name)] = entry{info.Mode(), string(data)}
		return err
	})
}

func untar(path string) (map[string]entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	out, r := map[string]entry{}, tar.NewReader(unzipped)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if h.FileInfo().IsDir() {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		out[h.Name] = entry{h.FileInfo().Mode(), string(data)}
	}
}

func unzip(path string) (map[string]entry, error) {
	r, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out := map[string]entry{}
	for _, f := range r.File {
		if f.Mode().IsDir() {
			continue
		}
		data, err := fs.ReadFile(r, f.Name)
		if err != nil {
			return nil, err
		}
		out[f.Name] = entry{f.Mode(), string(data)}
	}
	return out, nil
}
