package nix

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

// nixfmt returns the nixfmt to compare with: $QUICK_DEPLOY_TEST_NIXFMT, else the
// one on PATH. Its output changes between releases; the printer follows 1.4.0.
// The expected texts in testdata and in the tables have passed it.
func nixfmt(t *testing.T) string {
	t.Helper()
	name := os.Getenv("QUICK_DEPLOY_TEST_NIXFMT")
	if name == "" {
		name = "nixfmt"
	}
	bin, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no nixfmt to compare with: %v", err)
	}
	return bin
}

// checkFormatted fails for every file that nixfmt would change.
func checkFormatted(t *testing.T, bin string, files []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin, append([]string{"--check"}, files...)...)
	if _, err := cmd.CombinedOutput(); err == nil {
		return
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), bin, "-")
		cmd.Stdin = bytes.NewReader(source)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		want, err := cmd.Output()
		if err != nil {
			t.Errorf("nixfmt: %v: %s\nreading:\n%s", err, &stderr, source)
			continue
		}
		if !bytes.Equal(source, want) {
			t.Errorf("printed:\n%s\nnixfmt makes it:\n%s", source, want)
		}
	}
}

// genFile makes files as the generator writes them, and every other kind of expression.
var genFile = rapid.Custom(func(t *rapid.T) File {
	var f File
	switch depth := rapid.IntRange(1, 7).Draw(t, "depth"); rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		f.Body = Module(drawAttrs(t, depth))
	case 1:
		f.Body = drawAttrs(t, depth)
	default:
		f.Body = drawExpr(t, depth)
		return f
	}
	if rapid.Bool().Draw(t, "headed") {
		f.Header = "Written by quick-deploy.\n\nEdit the profile instead."
	}
	return f
})

func TestNixfmtChangesNothing(t *testing.T) {
	bin := nixfmt(t)
	dir := t.TempDir()
	var files []string
	for i := range 600 {
		p, err := genFile.Example(i).Print()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.nix", i))
		if err := os.WriteFile(file, p.Source, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	checkFormatted(t, bin, files)
}

func TestNixfmtChangesNothingOfTestdata(t *testing.T) {
	bin := nixfmt(t)
	files, err := filepath.Glob("testdata/*.nix")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	checkFormatted(t, bin, files)
}
