package generator_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// A service that the project has never heard of is the three files of testdata/service.txtar, and nothing but what the
// two commands of CONTRIBUTING.md accept: no Go, no list from elsewhere, and no line of another service's case.
func TestAddingAService(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the tests of a copy of the project")
	}
	nixtest.New(t)
	dir := t.TempDir()
	for _, part := range []string{"docs", "generator", "golden", "modules", "schema"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("..", part))); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, data []byte) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		write(name, []byte(read(t, filepath.Join("..", name))))
	}
	before := snapshot(t, dir)
	added := txtar.Parse([]byte(read(t, filepath.Join("testdata", "service.txtar"))))
	for _, f := range added.Files {
		write(f.Name, f.Data)
	}
	contributing := read(t, filepath.Join("..", "CONTRIBUTING.md"))
	for _, command := range []string{
		"GOLDIE_UPDATE=1 go test ./generator ./schema -run 'TestReference|TestGolden.*/^(NAME|all-services)$'",
		"go test ./generator ./modules ./schema -run 'Catalogue|Annotations|Leaf|Reference|Default|Schema|Patterns|Paths|Golden.*/^(NAME|all-services)$'",
	} {
		if !strings.Contains(contributing, command) {
			t.Errorf("CONTRIBUTING.md does not say %s", command)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(command, "NAME", "echo-box"))
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	for path, data := range snapshot(t, dir) {
		old, had := before[path]
		mine := !had && (strings.Contains(path, "echo-box") || strings.HasPrefix(path, "golden/all-services/"))
		common := path == "docs/profile.md" || path == "schema/quick-deploy.yaml.5" || strings.HasPrefix(path, "golden/all-services/")
		switch {
		case had && old == data, mine:
		case !had || !common:
			t.Errorf("the service changes %s", path)
		default:
			for line := range strings.Lines(old) {
				lists := strings.Contains(line, "[") || strings.Contains(line, "sites.<site>.service")
				if !lists && !slices.Contains(strings.SplitAfter(data, "\n"), line) {
					t.Errorf("%s loses %q", path, line)
				}
			}
		}
	}
}

// snapshot has the files below dir by their paths.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = read(t, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
