package profile

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quick-deploy/quick-deploy/schema"
)

// TestPresets loads every preset with the schema that ships with it.
func TestPresets(t *testing.T) {
	s, err := schema.Root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compile(s.Doc.Whole(), ""); err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(schema.Presets(), "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d presets, %v", len(names), err)
	}
	for _, name := range names {
		name = strings.TrimSuffix(name, ".yaml")
		src := FS{
			Files: fstest.MapFS{"p.yaml": {Data: []byte("version: 1\nextends: [\"preset:" + name + "\"]\nhost: {name: atlas}\n")}},
			Dir:   ".", Presets: schema.Presets(),
		}
		p, err := Load(src, "p.yaml", s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(p.Hosts) != 1 || p.Hosts[0].Name != "atlas" {
			t.Errorf("%s: hosts %v", name, p.Hosts)
		}
	}
}
