package profile

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"testing"
)

// testSchema is a small schema of the shape of the real one.
func testSchema(tb testing.TB) *Schema {
	tb.Helper()
	data, err := os.ReadFile("testdata/schema.json")
	if err != nil {
		tb.Fatal(err)
	}
	doc := map[string]any{}
	if err := json.Unmarshal(data, &doc); err != nil {
		tb.Fatal(err)
	}
	return NewSchema("https://example.org/profile.json", doc)
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
