package generator_test

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/fleettest"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// fleet holds a profile of n hosts.
func fleet(n int) fs.FS {
	top, base := fleettest.Profile(n)
	return fstest.MapFS{"profile.yaml": {Data: []byte(top)}, "base.yaml": {Data: []byte(base)}}
}

// BenchmarkGenerate is the whole way from the profile's text to the files in memory.
func BenchmarkGenerate(b *testing.B) {
	for _, n := range []int{1, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			fsys := fleet(n)
			root := schemaRoot(b)
			b.ReportAllocs()
			for b.Loop() {
				p, err := load(b, fsys)
				if err != nil {
					b.Fatal(err)
				}
				tree, err := generator.Generate(generator.Input{Profile: p, Schema: root, Files: profile.FS{Files: fsys}})
				if err != nil {
					b.Fatal(err)
				}
				if len(tree.Hosts) != n {
					b.Fatalf("%d hosts", len(tree.Hosts))
				}
			}
		})
	}
}

// BenchmarkValidate is reading, merging and checking a profile.
func BenchmarkValidate(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			fsys := fleet(n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := load(b, fsys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
