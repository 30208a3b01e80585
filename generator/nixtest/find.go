package nixtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// all returns the directories of every Nix found: $QUICK_DEPLOY_TEST_NIX alone
// if set, else the one on PATH, then those in /opt/nix-*/bin, newest first.
func all() []string {
	if dir := os.Getenv("QUICK_DEPLOY_TEST_NIX"); dir != "" {
		return []string{dir}
	}
	var bins []string
	if file, err := exec.LookPath("nix"); err == nil {
		bins = append(bins, filepath.Dir(file))
	}
	opt, _ := filepath.Glob("/opt/nix-*/bin") // the pattern is correct
	opt = slices.DeleteFunc(opt, func(dir string) bool {
		_, err := version(dir)
		return err != nil
	})
	slices.SortFunc(opt, func(a, b string) int {
		va, _ := version(a)
		vb, _ := version(b)
		return slices.Compare(numbers(vb), numbers(va))
	})
	for _, dir := range opt {
		if !slices.Contains(bins, dir) {
			bins = append(bins, dir)
		}
	}
	return bins
}

func numbers(version string) []int {
	var out []int
	for part := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(part) // "pre2024" counts as 0
		out = append(out, n)
	}
	return out
}

var versions sync.Map // directory → version; a Nix does not change while tests run

// version asks the nix in a directory for its version.
func version(dir string) (string, error) {
	if v, ok := versions.Load(dir); ok {
		return v.(string), nil
	}
	out, err := exec.Command(filepath.Join(dir, "nix"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask for the version of Nix: %w", err)
	}
	fields := strings.Fields(string(out))
	if len(fields) == 0 {
		return "", fmt.Errorf("nix --version in %s says nothing", dir)
	}
	v := fields[len(fields)-1]
	versions.Store(dir, v)
	return v, nil
}
