package index

import (
	"encoding/json"
	"testing"

	"github.com/quick-deploy/quick-deploy/schema"
)

// What an editor has to read, and keep beside each profile.
func TestEditorSize(t *testing.T) {
	bundle, err := schema.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	data, err := Open("26.05").Editor(bundle)
	if err != nil {
		t.Fatal(err)
	}
	const most = 2_000_000
	if len(data) > most {
		t.Errorf("the schema has %d bytes, more than %d", len(data), most)
	}
	var doc struct {
		Defs map[string]struct {
			AnyOf []struct{ Enum []string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if some := doc.Defs["package"].AnyOf; len(some) != 3 || len(some[0].Enum) < 15000 || some[1].Enum != nil {
		t.Errorf("packages are %d kinds", len(some))
	}
}
