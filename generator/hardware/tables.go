package hardware

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed data
var data embed.FS

// cardTable is what is known of a vendor's graphics cards, in data/intel.json, amd.json and nvidia.json.
type cardTable struct {
	// Families are what drivers treat alike, oldest first; a card that is in none is taken for one of the last.
	Families []cardFamily
	// Integrated are the chips that are part of a processor, beside families that are.
	Integrated []string
	// ROCm are the chips that it is built for. A version is what HSA_OVERRIDE_GFX_VERSION
	// must say for a chip whose sibling is built for.
	ROCm map[string]string
	// Switches are the NVSwitch chips: boards with them need the fabric manager of the data centre driver.
	Switches []ID

	chips []chip // by id
}

// cardFamily is a generation of graphics cards.
type cardFamily struct {
	Name string
	// Driver is the kernel driver that binds by itself.
	Driver string
	// IDs are ranges of device ids, first and last; Chips are the starts of its chips' names in pci.ids.
	IDs   [][2]ID
	Chips []string
	// VA is the package for the decoding of video, OpenCL the one for OpenCL and Level Zero.
	VA, OpenCL string
	// VPL tells whether Quick Sync goes through oneVPL, Discrete of Intel's whether it is a card of its own, Vulkan
	// whether Mesa's anv drives it with the features that programs ask for, and CUDA whether the CUDA that nixpkgs
	// builds with still runs on it. Legacy marks cards that both of AMD's drivers know: amdgpu takes them with
	// hardware.amdgpu.legacySupport, and is the only one with Vulkan.
	VPL, Discrete, Vulkan, CUDA, Legacy bool
}

// find returns the place of the family that a device id or a chip's name is of: of the longest start of a name, as
// MCP61 and MCP67 are Curie, MCP77 and later Tesla. Known is false where none is.
func (t *cardTable) find(id ID, chip string) (place int, known bool) {
	place = len(t.Families) - 1
	length := 0
	for i, f := range t.Families {
		if slices.ContainsFunc(f.IDs, func(r [2]ID) bool { return r[0] <= id && id <= r[1] }) {
			return i, true
		}
		for _, start := range f.Chips {
			if strings.HasPrefix(chip, start) && len(start) > length {
				place, length = i, len(start)
			}
		}
	}
	return place, length > 0
}

// cardTables are those of the vendors whose cards are driven.
var cardTables = sync.OnceValue(func() map[GPUVendor]*cardTable {
	tables := map[GPUVendor]*cardTable{}
	for _, vendor := range []GPUVendor{Intel, AMD, NVIDIA} {
		t := decoded[cardTable](string(vendor) + ".json")()
		if vendor != Intel {
			t.chips = readChips(string(vendor) + ".txt")
		}
		tables[vendor] = &t
	}
	return tables
})

// family returns the place of an architecture of NVIDIA's by its name.
func family(name string) int {
	return slices.IndexFunc(cardTables()[NVIDIA].Families, func(f cardFamily) bool { return f.Name == name })
}

// wifiData are Wi-Fi cards that want more than the kernel has, in data/wifi.json.
type wifiData struct{ FullMAC, STA, Intel2200 []ID }

// mountData is what is known of mounts, in data/mounts.json.
type mountData struct {
	// Types and Places say why a mount of the type, or below the folder, is left out. Programs are packages by
	// type, "" where NixOS brings it.
	Types, Places, Programs                         map[string]string
	Network, NeededForBoot, FstabDefaults, Optional []string
	// Kept and Defaults are options that are taken over, and not, by type.
	Kept, Defaults map[string][]string
}

// driverData is what is known of drivers, in data/drivers.json.
type driverData struct {
	Initrd, Modules map[string]string
	Classes         map[Class]string
	Cards           map[ID]struct{ Name, Is string }
}

// forInitrd returns what a PCI class is whose drivers the initrd must have, "" for others.
func (t driverData) forInitrd(c Class) string {
	number := c.String()
	return cmp.Or(t.Initrd[number[:2]], t.Initrd[number[:4]])
}

// machineData are the names of kinds of machines, in data/machines.json.
type machineData struct {
	Guests     map[string]string
	Containers []string
	AppleT2    []pattern
	Limits     map[LoaderKind]string
}

// existingData is about the hardware-configuration.nix that a machine has, in data/existing.json.
type existingData struct{ Generated, Arguments []string }

// target is a kind of device that the device mapper makes, beside plain LVM and LUKS, in data/targets.json.
type target struct {
	What string
	// UUID is the end or start of its DM UUID, Name fits the end of its name.
	UUID string
	Name *regexp.Regexp
	// Early are modules for the initrd to load, Modules those to have there.
	Early, Modules []string
	// Option turns on what nixpkgs has for it, tools included; Never says why NixOS's initrd cannot start from it.
	Option, Never string
}

// pattern is a text in which an asterisk stands for any text, compared whole and without regard to case.
// It has what is between the asterisks: there are hundreds, and compiled as regular expressions they took longer than
// the rest of a run.
type pattern []string

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *pattern) UnmarshalText(text []byte) error {
	*p = strings.Split(strings.ToLower(string(text)), "*")
	return nil
}

func (p pattern) matches(s string) bool {
	s, ok := strings.CutPrefix(strings.ToLower(s), p[0])
	if !ok || len(p) == 1 {
		return ok && s == ""
	}
	s, ok = strings.CutSuffix(s, p[len(p)-1])
	for i := 1; ok && i < len(p)-1; i++ {
		_, s, ok = strings.Cut(s, p[i])
	}
	return ok
}

var (
	wifi          = decoded[wifiData]("wifi.json")
	mountTable    = decoded[mountData]("mounts.json")
	driverTable   = decoded[driverData]("drivers.json")
	machineTable  = decoded[machineData]("machines.json")
	existingTable = decoded[existingData]("existing.json")
	targetTable   = decoded[struct{ Targets []target }]("targets.json")
	models        = sync.OnceValue(readModels)
	nixosHardware = sync.OnceValue(func() []string { return slices.Concat(rows("nixos-hardware.txt", strings.Fields)...) })
	loaderOptions = decoded[struct{ Kinds map[string]string }]("loader-options.json")
)

// read reads a table. They are parts of the program, so that one that cannot be read is a fault of it.
func read(name string) []byte {
	text, err := data.ReadFile("data/" + name)
	if err != nil {
		panic(err)
	}
	return text
}

func decoded[T any](name string) func() T {
	return sync.OnceValue(func() (v T) {
		if err := json.Unmarshal(read(name), &v); err != nil {
			panic(fmt.Errorf("%s: %w", name, err))
		}
		return v
	})
}

// rows returns the lines of a table, split into fields; those that begin with # are comments.
func rows(name string, split func(line string) []string) [][]string {
	var out [][]string
	for line := range strings.Lines(string(read(name))) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, split(line))
		}
	}
	return out
}

// chip is the name of a chip that has a device id.
type chip struct {
	id   ID
	name string
}

// readChips reads lines of a chip and its device ids, as TestChips writes them.
func readChips(file string) []chip {
	var chips []chip
	for _, fields := range rows(file, strings.Fields) {
		for _, hex := range fields[1:] {
			c := chip{name: fields[0]}
			if err := c.id.UnmarshalText([]byte(hex)); err != nil {
				panic(fmt.Errorf("%s: %w", file, err))
			}
			chips = append(chips, c)
		}
	}
	slices.SortFunc(chips, func(a, b chip) int { return cmp.Compare(a.id, b.id) })
	return chips
}

// chip names the chip of a device. Where the table does not know the device, known is false and the chip is the one of
// the next lower id: vendors number upwards.
func (t *cardTable) chip(id ID) (name string, known bool) {
	i, known := slices.BinarySearchFunc(t.chips, id, func(c chip, id ID) int { return cmp.Compare(c.id, id) })
	if !known {
		i--
	}
	if i < 0 {
		return "", false
	}
	return t.chips[i].name, known
}

// modelRule is a line of data/models.txt: a module of nixos-hardware and what
// the machine must say about itself.
type modelRule struct {
	module string
	want   []modelField
}

type modelField struct {
	name  string
	value pattern
}

// readModels reads lines of a module and fields, name=value, between tabs.
func readModels() []modelRule {
	var rules []modelRule
	for _, parts := range rows("models.txt", func(line string) []string { return strings.Split(line, "\t") }) {
		r := modelRule{module: parts[0]}
		for _, p := range parts[1:] {
			name, value, _ := strings.Cut(p, "=")
			field := modelField{name: name}
			if err := field.value.UnmarshalText([]byte(value)); err != nil {
				panic(fmt.Errorf("models.txt: %w", err))
			}
			r.want = append(r.want, field)
		}
		rules = append(rules, r)
	}
	return rules
}
