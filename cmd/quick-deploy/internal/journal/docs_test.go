package journal

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// docs/state.md is the reference of these files: no key may be missing from it.
func TestEveryKeyIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../../docs/state.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{State{}, Step{}, Record{}, Event{}} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			key, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if !typ.Field(i).Anonymous && !strings.Contains(string(doc), "`"+key+"`") && key != "name" {
				t.Errorf("docs/state.md does not mention %q of %s", key, typ.Name())
			}
		}
	}
}
