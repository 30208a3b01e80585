package probe

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/pciids"
)

// server is a machine with so many PCI devices: bridges, disks and network cards of eight functions.
func server(devices int) string {
	var b strings.Builder
	b.WriteString("system x86_64\ndmi sys_vendor Dell Inc.\ndmi product_name PowerEdge\ndmi chassis_type 23\nuefi\nnodes 2\n" +
		"cpu GenuineIntel 6 143 64 vmx Intel(R) Xeon(R) Gold 6430\nmemory 512\n")
	kinds := []string{
		"060400 8086:352a 8086:0000 pcieport", "060400 8086:347a 8086:0000 pcieport", "020000 8086:1593 8086:0002 ice",
		"020000 15b3:101d 15b3:0016 mlx5_core", "010802 144d:a80a 144d:a801 nvme", "080700 8086:09a2 8086:0000",
		"0c0330 8086:a36d 1028:0869 xhci_hcd", "030000 102b:0536 1028:0869 mgag200",
	}
	for i := range devices {
		fmt.Fprintf(&b, "pci 0000:%02x:%02x.%d %s numa=%d\n", i/64, i/8%8, i%8, kinds[i%len(kinds)], i%2)
	}
	return b.String()
}

// BenchmarkRun probes this machine, and trees of machines with more devices.
func BenchmarkRun(b *testing.B) {
	probe := func(name string, o Options) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Run(b.Context(), o)
			}
		})
	}
	probe("here", Options{})
	for _, devices := range []int{16, 64, 216} {
		probe(fmt.Sprint(devices), Options{Root: build(b, server(devices))})
	}
}

// BenchmarkNames finds the names of all PCI devices of a machine.
func BenchmarkNames(b *testing.B) {
	for _, devices := range []int{16, 64, 216} {
		facts, _ := Run(b.Context(), Options{Root: build(b, server(devices))})
		b.Run(fmt.Sprint(devices), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				names, err := pciids.Load("", facts.PCI)
				if err != nil {
					b.Fatal(err)
				}
				for _, p := range facts.PCI {
					names.Device(p)
				}
			}
		})
	}
}
