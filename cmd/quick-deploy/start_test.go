package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// What every command waits for and a small one takes of memory, in the program as users have it.
func TestStart(t *testing.T) {
	program := filepath.Join(t.TempDir(), "quick-deploy")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Run("computes nothing before main", func(t *testing.T) { computesNothing(t, program) })
	t.Run("small runs collect nothing", func(t *testing.T) { collectsNothing(t, program) })
}

// computesNothing looks at package-level values. A regular expression there costs 30 to 300 allocations, a template or
// a table thousands.
func computesNothing(t *testing.T, program string) {
	const bytesOf, allocsOf = 8 << 10, 80
	cmd := exec.Command(program, "--version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	line := regexp.MustCompile(`(?m)^init (\S+) @.* clock, (\d+) bytes, (\d+) allocs$`)
	ours := 0
	for _, m := range line.FindAllStringSubmatch(string(out), -1) {
		if !strings.HasPrefix(m[1], "github.com/quick-deploy/quick-deploy/") {
			continue
		}
		ours++
		size, _ := strconv.Atoi(m[2])
		allocs, _ := strconv.Atoi(m[3])
		if size > bytesOf || allocs > allocsOf {
			t.Errorf("%s allocates %d bytes in %d pieces before main, where %d in %d are enough: compute it at its first use, "+
				"by lazyregexp.New or sync.OnceValue", m[1], size, allocs, bytesOf, allocsOf)
		}
	}
	if ours < 20 {
		t.Errorf("%d packages found in:\n%s", ours, out)
	}
}

// collectsNothing has a command for a few hosts end before memory is collected for the first time.
func collectsNothing(t *testing.T, program string) {
	dir := t.TempDir()
	cmd := exec.Command(program, "--no-probe", "--profile", filepath.Join(projectRoot, "golden/postgresql/profile.yaml"),
		"--flake", filepath.Join(dir, "flake"), "generate")
	cmd.Env = append(os.Environ(), "GODEBUG=gctrace=1", "GOGC=", "HOME="+dir, "QUICK_DEPLOY_ALLOW_ROOT=true")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if bytes.Contains(out, []byte("gc 1 @")) {
		t.Errorf("memory was collected:\n%s", out)
	}
}
