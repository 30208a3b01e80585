package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// A failure names the place in the program in JSON, and not on the screen.
func TestFailuresNameTheirOrigin(t *testing.T) {
	shown := func(json bool) string {
		var talk bytes.Buffer
		l := New("dev", strings.NewReader(""), io.Discard, &talk).newLine()
		l.app.JSON = json
		report(l.app, fault.New(fault.Build, "x"))
		return talk.String()
	}
	want := `"function":"cli.TestFailuresNameTheirOrigin.func1","source":"report_test.go:`
	if got := shown(true); !strings.Contains(got, want) {
		t.Errorf("JSON: %s", got)
	}
	if got := shown(false); strings.Contains(got, "report_test.go") {
		t.Errorf("the screen: %s", got)
	}
}
