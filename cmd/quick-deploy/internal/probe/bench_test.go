package probe

import (
	"context"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/pciids"
)

// BenchmarkRun probes this machine.
func BenchmarkRun(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Run(context.Background(), Options{})
	}
}

// BenchmarkNames loads the names of all PCI devices, which only people wait for.
func BenchmarkNames(b *testing.B) {
	for b.Loop() {
		if _, err := pciids.Load(""); err != nil {
			b.Fatal(err)
		}
	}
}
