package deploy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

func TestEveryExitCodeIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../../docs/exit-codes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []fault.Code{
		fault.OK, fault.Unexpected, fault.Usage, fault.Profile, fault.Preflight, fault.Network, fault.Build, fault.Activation,
		fault.Health, fault.Locked, fault.Pending, fault.Partial, fault.RollbackFailed, fault.Interrupted,
	} {
		if !strings.Contains(string(doc), fmt.Sprintf("\n- **%d: ", c)) {
			t.Errorf("docs/exit-codes.md does not explain %d", c)
		}
	}
}

func BenchmarkNoChange(b *testing.B) {
	w := newWorld(b)
	for i := range 30 {
		must(b, os.WriteFile(fmt.Sprintf("%s/module-%d.nix", w.flake(), i), make([]byte, 4<<10), 0o644))
	}
	d := w.deployer()
	if _, err := w.run(b, d, w.goal(Switch)); err != nil {
		b.Fatal(err)
	}
	w.forget()
	b.ResetTimer()
	for range b.N {
		p, err := d.Plan(b.Context(), w.goal(Switch))
		if err != nil || !p.NoChange {
			b.Fatal("no change was not seen", err)
		}
		if _, err := d.Run(b.Context(), p); err != nil {
			b.Fatal(err)
		}
	}
	if len(w.ran()) > 0 {
		b.Fatalf("ran %q", w.ran())
	}
}
