package preflight

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestEveryCheckIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range List() {
		if row := fmt.Sprintf("| `%s` | %s |\n", c.Name, c.Doc); !strings.Contains(string(doc), row) {
			t.Errorf("docs/troubleshooting.md has no row\n%s", row)
		}
	}
}
