package tree

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
)

// fleet is a set of three files of 3 KiB for each of n hosts, and some of all.
func fleet(n int, version string) []File {
	body := strings.Repeat("  services.openssh.enable = true;\n", 90)
	files := set("flake.nix", "{ outputs = _: { }; }\n", "flake.lock", "{}\n", "modules/openssh.nix", body)
	for i := range n {
		for _, name := range []string{"configuration.nix", "hardware-configuration.nix", "home.nix"} {
			p := fmt.Sprintf("hosts/host-%05d/%s", i, name)
			files = append(files, File{Path: p, Data: []byte("# " + p + " " + version + "\n" + body)})
		}
		files = append(files, File{Path: fmt.Sprintf("hosts/host-%05d/local.nix", i), Data: []byte("{ }\n"), Once: true})
	}
	return files
}

func eachSize(b *testing.B, f func(b *testing.B, n int)) {
	for _, n := range []int{1, 100, 1_000, 10_000} {
		if testing.Short() && n > 100 {
			continue
		}
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) { f(b, n) })
	}
}

func mustApply(b *testing.B, tr *Tree, files []File) Result {
	b.Helper()
	c, err := tr.Plan(files, meta)
	if err != nil {
		b.Fatal(err)
	}
	r, err := tr.Apply(b.Context(), c, Options{})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func openBench(b *testing.B) *Tree {
	b.Helper()
	tr, err := Open(b.TempDir(), atomic.Writer{})
	if err != nil {
		b.Fatal(err)
	}
	return tr
}

// Plan and Apply to an empty directory.
func BenchmarkFirst(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		files := fleet(n, "1")
		for b.Loop() {
			b.StopTimer()
			tr := openBench(b)
			b.StartTimer()
			mustApply(b, tr, files)
		}
	})
}

// Plan and Apply where nothing has changed.
func BenchmarkUnchanged(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		files := fleet(n, "1")
		tr := openBench(b)
		mustApply(b, tr, files)
		for b.Loop() {
			if r := mustApply(b, tr, files); len(r.Written) > 0 {
				b.Fatal("something was written")
			}
		}
	})
}

// Plan and Apply where one file of one host has changed.
func BenchmarkOneChanged(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		files := fleet(n, "1")
		tr := openBench(b)
		mustApply(b, tr, files)
		i := 0
		for b.Loop() {
			i++
			files[3].Data = fmt.Appendf(nil, "# %d\n", i)
			if r := mustApply(b, tr, files); len(r.Written) != 1 {
				b.Fatalf("%d files were written", len(r.Written))
			}
		}
	})
}

func BenchmarkHash(b *testing.B) {
	eachSize(b, func(b *testing.B, n int) {
		files := fleet(n, "1")
		for b.Loop() {
			if _, err := Hash(files); err != nil {
				b.Fatal(err)
			}
		}
	})
}
