package profile

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/quick-deploy/quick-deploy/schema"
)

// testSchema is a small schema of the shape of the real one.
func testSchema(tb testing.TB) *schema.Node {
	tb.Helper()
	data, err := os.ReadFile("testdata/schema.json")
	if err != nil {
		tb.Fatal(err)
	}
	doc := map[string]any{}
	if err := json.Unmarshal(data, &doc); err != nil {
		tb.Fatal(err)
	}
	return schema.Parse(doc)
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 100, 1000, 10000} {
		data := fleetYAML(n)
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse("p.yaml", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLoad parses, merges and validates.
func BenchmarkLoad(b *testing.B) {
	schema := testSchema(b)
	for _, n := range []int{1, 100, 1000, 10000} {
		data := fleetYAML(n)
		src := Memory{"p.yaml": string(data)}
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load(src, "p.yaml", schema); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Memory is a Source of files by name.
type Memory map[string]string

func (m Memory) ReadFile(name string) ([]byte, error) {
	data, ok := m[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(data), nil
}

// plainSchema is no more than what merging has to know: services toggle, and the maps of options are open.
func plainSchema() *schema.Node {
	object := []string{"object"}
	options := &schema.Node{Types: object}
	host := &schema.Node{Properties: map[string]*schema.Node{
		"services": {Additional: &schema.Node{Types: []string{"object", "boolean", "null"}, Properties: map[string]*schema.Node{"port": {}}}},
		"nixos":    options,
		"home":     options,
		"users": {Additional: &schema.Node{Types: object, Properties: map[string]*schema.Node{
			"home": {Properties: map[string]*schema.Node{"options": options}},
		}}},
	}}
	return &schema.Node{Properties: map[string]*schema.Node{
		"defaults": host, "host": host, "hosts": {Additional: host}, "groups": {Additional: host},
	}}
}
