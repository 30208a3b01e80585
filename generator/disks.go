package generator

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v4"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// disksFile is the host's file for disko.
const disksFile = "disks.nix"

// DiskKey is the file on the installer that holds the passphrase of encrypted
// disks while they are made (nixos-anywhere --disk-encryption-keys).
const DiskKey = "/tmp/disk.key"

const disksHeader = "Written by quick-deploy from the profile, for disko. Installing with it erases the disks."

// disks writes disks.nix where the profile lays out the disks.
func (h *host) disks() error {
	for v := range h.visits("disks") {
		n := v.Node
		l := layout{
			host: h, node: n, Kind: n.Get("layout").Str(), Encrypt: n.Get("encrypt").Any() == true,
			Swap: n.Get("swap").Str(), Boot: cmp.Or(n.Get("boot").Str(), "1G"), Key: DiskKey,
		}
		for _, d := range n.Get("devices").All() {
			l.Devices = append(l.Devices, d.Str())
		}
		before := len(h.problems)
		if l.check(); len(h.problems) > before || !n.Complete() {
			return nil
		}
		if err := l.write(); err != nil {
			return err
		}
	}
	return nil
}

// laidOut reports whether the profile lays out the disks of the host.
func (h *host) laidOut() bool { return h.node.Get("disks") != nil }

// layout is the root of a new machine, as disks.yaml names its parts.
type layout struct {
	*host
	node    *profile.Node
	Kind    string
	Devices []string
	Encrypt bool
	Swap    string
	// Boot is the size of the EFI system partition, Mount where the first disk's goes.
	Boot, Mount string
	// BIOS asks for a partition that GRUB can start from without UEFI.
	BIOS bool
	// Others are the root partitions of all disks but the last.
	Others []string
	Key    string
}

// check refuses what would erase the wrong disk.
func (l layout) check() {
	seen := map[string]bool{}
	for _, n := range l.node.Get("devices").All() {
		device := n.Str()
		name := strings.ToUpper(strings.NewReplacer("-", "", "_", "").Replace(device))
		switch {
		case strings.Contains(name, "CHANGEME"):
			l.problem(n, "disks.devices has to be filled in", "the name is still "+device,
				"ls -l /dev/disk/by-id on the machine shows the names")
		case partition(device):
			l.problem(n, "disks.devices names a partition", device+" is a part of a disk",
				"write the name without -part and the number")
		case seen[device]:
			l.problem(n, "disks.devices names a disk twice", device+" is in the list twice", "remove one")
		}
		seen[device] = true
	}
	if l.Kind == "ext4" && len(l.Devices) > 1 {
		l.problem(l.node.Get("devices"), "ext4 takes one disk", fmt.Sprintf("%d are named", len(l.Devices)),
			"btrfs and zfs mirror several disks")
	}
	if mode := l.host.node.Get("hardware", "mode"); mode != nil && mode.Str() == "keep" {
		l.problem(mode, "hardware.mode keep and disks cannot be used together",
			"the kept file says where the file systems are", "remove one of the two")
	}
}

// partition reports whether a name by id is that of a partition (udev's 60-persistent-storage.rules).
func partition(device string) bool {
	i := strings.LastIndex(device, "-part")
	if i < 0 || i+len("-part") == len(device) {
		return false
	}
	return !strings.ContainsFunc(device[i+len("-part"):], func(r rune) bool { return r < '0' || r > '9' })
}

func (l layout) write() error {
	l.inputs["disko"] = true
	l.host.imports = append(l.host.imports, nix.Path("./"+disksFile))
	l.host.summary.Formatted = l.Devices
	loader := l.summary.Decision.Loader
	l.Mount, l.BIOS = cmp.Or(loader.Mount, "/boot"), loader.Kind == hardware.GRUB && !loader.EFI
	for i := range len(l.Devices) - 1 {
		at := "/dev/disk/by-partlabel/disk-" + diskName(i) + "-root"
		if l.Encrypt {
			at = "/dev/mapper/crypt-" + diskName(i)
		}
		l.Others = append(l.Others, at)
	}
	devices, err := l.devices()
	if err != nil {
		return fmt.Errorf("lay out the disks: %w", err)
	}
	bs := []nix.Binding{bind(devices, "disko", "devices")}
	if l.Kind == "zfs" {
		bs = append(bs, l.hostID()...)
	}
	if l.BIOS {
		bs = append(bs, nix.Binding{
			Path: []string{"boot", "loader", "grub", "device"}, Value: nix.Str(""),
			Comment: "disko names the disks with a BIOS boot partition.",
		})
	}
	if len(l.Devices) > 1 {
		l.notice(l.node, "disks: only the EFI system partition of the first disk is kept up to date; "+
			"if that disk fails, the others keep the data but do not boot by themselves")
	}
	set, err := nix.Nest(bs)
	if err != nil {
		return fmt.Errorf("arrange the disks: %w", err)
	}
	set.Body = append([]nix.Binding{{
		Path: []string{"imports"}, Value: nix.List{nix.Ref{"inputs", "disko", "nixosModules", "disko"}},
	}}, set.Body...)
	for i := range set.Body {
		set.Body[i].Blank = true
	}
	return l.host.write(disksFile, nix.File{Header: disksHeader, Body: nix.Module(set)})
}

func diskName(i int) string {
	if i == 0 {
		return "main"
	}
	return fmt.Sprintf("mirror-%d", i)
}

//go:embed disks.yaml
var disksText string

// devices returns disko's devices, as disks.yaml has them.
func (l layout) devices() (nix.Expr, error) {
	funcs := template.FuncMap{"name": diskName, "quote": strconv.QuoteToASCII}
	t, err := template.New("disks.yaml").Funcs(funcs).Parse(disksText)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, l); err != nil {
		return nil, err
	}
	var n yaml.Node
	if err := yaml.Unmarshal(text.Bytes(), &n); err != nil {
		return nil, err
	}
	return fromYAML(n.Content[0]), nil
}

// fromYAML makes an expression of a node, in its order and with the comments on its keys.
func fromYAML(n *yaml.Node) nix.Expr {
	switch {
	case n.Kind == yaml.MappingNode:
		set := nix.Attrs{}
		for pair := range slices.Chunk(n.Content, 2) {
			comment := strings.TrimPrefix(pair[0].HeadComment, "# ")
			set.Body = append(set.Body, nix.Binding{
				Path: []string{pair[0].Value}, Value: fromYAML(pair[1]), Comment: comment,
			})
		}
		return set
	case n.Kind == yaml.SequenceNode:
		list := nix.List{}
		for _, item := range n.Content {
			list = append(list, fromYAML(item))
		}
		return list
	case n.Tag == "!!bool":
		return nix.Bool(n.Value == "true")
	}
	return nix.Str(n.Value)
}

// hostID is what ZFS tells machines apart by, from the host's name: stable,
// and another for each host of the profile.
func (l layout) hostID() []nix.Binding {
	path := []string{"networking", "hostId"}
	if slices.ContainsFunc(l.system, func(a mapping.Assignment) bool { return slices.Equal(a.Path, path) }) {
		return nil
	}
	sum := sha256.Sum256([]byte(l.profile.Name))
	return []nix.Binding{bind(byDefault(nix.Str(hex.EncodeToString(sum[:4]))), path...)}
}

func bind(value nix.Expr, path ...string) nix.Binding { return nix.Binding{Path: path, Value: value} }

func texts(values ...string) nix.List {
	out := nix.List{}
	for _, v := range values {
		out = append(out, nix.Str(v))
	}
	return out
}
