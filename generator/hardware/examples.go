package hardware

import (
	"embed"
	"fmt"
)

// Example is a machine to try a profile on.
type Example struct {
	Name, About string
	Facts       []byte // as probe --json writes them
}

// The machines of the tests that people may have at home or at work.
//
//go:embed testdata/machines/laptop-hybrid-intel-nvidia.facts.json
//go:embed testdata/machines/laptop-thinkpad-p14s-gen2-amd.facts.json
//go:embed testdata/machines/desktop-amd-rx6800.facts.json testdata/machines/desktop-nvidia-rtx4090-raphael.facts.json
//go:embed testdata/machines/server-btrfs-luks-raid.facts.json testdata/machines/server-h100-sxm.facts.json
//go:embed testdata/machines/vm-kvm-virtio.facts.json testdata/machines/cloud-aws-nitro.facts.json
var examples embed.FS

// Examples are machines of different kinds, the most common first.
func Examples() ([]Example, error) {
	all := []Example{
		{Name: "laptop-hybrid-intel-nvidia", About: "laptop with hybrid Intel and NVIDIA graphics"},
		{Name: "laptop-thinkpad-p14s-gen2-amd", About: "laptop with AMD graphics"},
		{Name: "desktop-amd-rx6800", About: "desktop with an AMD graphics card"},
		{Name: "desktop-nvidia-rtx4090-raphael", About: "desktop with an NVIDIA graphics card"},
		{Name: "server-btrfs-luks-raid", About: "server with encrypted Btrfs on two disks"},
		{Name: "server-h100-sxm", About: "server with eight NVIDIA H100"},
		{Name: "vm-kvm-virtio", About: "virtual machine under KVM"},
		{Name: "cloud-aws-nitro", About: "cloud machine of AWS"},
	}
	for i := range all {
		var err error
		if all[i].Facts, err = examples.ReadFile("testdata/machines/" + all[i].Name + ".facts.json"); err != nil {
			return nil, fmt.Errorf("read the example machines: %w", err)
		}
	}
	return all, nil
}
