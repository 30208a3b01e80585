package generator_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// fleet is a profile of n hosts in three groups.
func fleet(n int) []byte {
	var b strings.Builder
	b.WriteString(`version: 1
defaults:
  system: x86_64-linux
  stateVersion: "26.05"
  timezone: Etc/UTC
  services: {openssh: {}}
  users: {ops: {admin: true, home: {git: {}, zsh: {}}}}
groups:
  web: {services: {nginx: {expose: true}}}
  db: {services: {postgresql: {databases: [aidb]}, redis: {}}}
  edge: {services: {tailscale: {}}}
hosts:
`)
	for i := range n {
		fmt.Fprintf(&b, "  host-%05d: {groups: [%s], tags: [t%d], packages: [ripgrep, htop]}\n",
			i, []string{"web", "db", "edge"}[i%3], i%10)
	}
	return []byte(b.String())
}

// BenchmarkGenerate is the whole way from the profile's text to the files in memory.
func BenchmarkGenerate(b *testing.B) {
	for _, n := range []int{1, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			fsys := fstest.MapFS{"profile.yaml": {Data: fleet(n)}}
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
			fsys := fstest.MapFS{"profile.yaml": {Data: fleet(n)}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := load(b, fsys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
