package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// GPUVendor is who made a graphics chip.
type GPUVendor string

// The vendors whose chips are driven. All others are shown by the kernel alone.
const (
	Intel  GPUVendor = "intel"
	AMD    GPUVendor = "amd"
	NVIDIA GPUVendor = "nvidia"
)

// GPU is a graphics card.
type GPU struct {
	Vendor  GPUVendor `json:"vendor"`
	Address string    `json:"address"`
	Device  ID        `json:"device"`
	// Chip is the chip's name, Family its generation.
	Chip   string `json:"chip,omitempty"`
	Family string `json:"family"`
	// Known tells whether the tables have the device; else its number decided.
	Known bool `json:"known"`
	// Integrated tells whether it is part of the processor.
	Integrated bool `json:"integrated"`
	Boot       bool `json:"boot,omitempty"`
	// Removable tells whether it can be unplugged.
	Removable bool `json:"removable,omitempty"`
	// Driver is the kernel driver that it gets.
	Driver string `json:"driver"`

	family cardFamily
	place  int // of the family in its table, oldest first
}

// ChipName is the chip's name as people write it: Navi 21.
func (g GPU) ChipName() string { return strings.ReplaceAll(g.Chip, "_", " ") }

// Name returns what people call the card, without its product name: AMD Navi 21, RDNA 2.
func (g GPU) Name() string {
	vendor := map[GPUVendor]string{Intel: "Intel", AMD: "AMD", NVIDIA: "NVIDIA"}[g.Vendor]
	if g.Chip == "" {
		return vendor + " " + g.Family
	}
	return fmt.Sprintf("%s %s, %s", vendor, g.ChipName(), g.Family)
}

// at returns the card's name with its place.
func (g GPU) at() string { return g.Name() + " at " + g.Address }

// String returns the device's ids with its place.
func (p PCI) String() string { return fmt.Sprintf("%s:%s at %s", p.Vendor, p.Device, p.Address) }

// isGPU tells graphics from the other functions of a card: display controllers
// (class 03: VGA, XGA, 3D, other), and AMD's accelerators (class 12).
func isGPU(p PCI) bool {
	return p.Class.Base() == 0x03 || p.Class.Base() == 0x12 && p.Vendor == vendorAMD
}

// guestDriver tells whether a driver gives its device to virtual machines: vfio-pci, its variants for
// single devices (Linux, drivers/vfio/pci), and what they did it with before.
func guestDriver(driver string) bool {
	return strings.Contains(strings.ReplaceAll(driver, "_", "-"), "vfio-pci") ||
		driver == "pci-stub" || driver == "pciback"
}

// gpus lists the machine's own real cards, the one with the boot picture first, and
// those that are not its own: they can be unplugged, or belong to virtual machines.
func gpus(f Facts) (own, foreign []GPU) {
	for _, p := range f.PCI {
		g, ok := gpuOf(p)
		switch {
		case !ok:
		case p.Removable || guestDriver(p.Driver):
			foreign = append(foreign, g)
		default:
			own = append(own, g)
		}
	}
	for _, cards := range [][]GPU{own, foreign} {
		slices.SortStableFunc(cards, func(a, b GPU) int {
			if a.Boot != b.Boot {
				return map[bool]int{true: -1, false: 1}[a.Boot]
			}
			return cmp.Compare(a.Address, b.Address)
		})
	}
	return own, foreign
}

// vendors are those whose chips are driven.
var vendors = map[ID]GPUVendor{vendorIntel: Intel, vendorAMD: AMD, vendorNVIDIA: NVIDIA}

// gpuOf returns the card of a vendor whose chips are driven.
func gpuOf(p PCI) (GPU, bool) {
	g := GPU{
		Vendor: vendors[p.Vendor], Address: p.Address, Device: p.Device, Boot: p.BootVGA, Removable: p.Removable,
	}
	if g.Vendor == "" || !isGPU(p) {
		return GPU{}, false
	}
	t := cardTables()[g.Vendor]
	chip, listed := t.chip(p.Device)
	if listed {
		g.Chip = chip
	} else if g.Vendor == AMD {
		chip = "" // newer than the table
	}
	place, known := t.find(p.Device, chip)
	g.setFamily(place)
	g.Known = listed || known && chip == ""
	g.Integrated = g.Vendor == Intel && !g.family.Discrete || slices.Contains(t.Integrated, g.Chip)
	if p.Driver == "xe" || p.Driver == "i915" {
		g.Driver = p.Driver // somebody may have forced the other one
	}
	return g, true
}

// setFamily sets what a card is by its place in its vendor's table.
func (g *GPU) setFamily(place int) {
	g.place, g.family = place, cardTables()[g.Vendor].Families[place]
	g.Family = g.family.Name
	g.Driver = cmp.Or(g.family.Driver, "nouveau") // until a branch of NVIDIA's is found for it
}

// cards returns the machine's cards of a vendor.
func (d *decider) cards(v GPUVendor) []GPU {
	return slices.DeleteFunc(slices.Clone(d.GPUs), func(g GPU) bool { return g.Vendor != v })
}

// integrated finds the card that a laptop's screen hangs on, beside an NVIDIA
// one. There is one where an Intel or AMD card is part of the processor.
func (d *decider) integrated() (g GPU, ok bool) {
	others := slices.DeleteFunc(slices.Clone(d.GPUs), func(g GPU) bool { return g.Vendor == NVIDIA })
	i := slices.IndexFunc(others, func(g GPU) bool { return g.Integrated })
	if i < 0 && len(others) == 0 {
		return GPU{}, false
	}
	return others[max(i, 0)], i >= 0
}

// graphics decides about all cards.
func (d *decider) graphics() {
	var foreign []GPU
	d.GPUs, foreign = gpus(d.facts)
	if d.chooseGPU(foreign); d.err != nil {
		return
	}
	d.foreignGPUs(foreign)
	for _, p := range d.facts.PCI {
		if p.Class.Base() != 0x03 {
			continue
		}
		if card, ok := driverTable().Cards[p.Vendor]; ok {
			d.note("graphics", card.Name, p.String()+" is "+card.Is+", which the kernel drives")
		}
	}
	if len(d.GPUs) == 0 {
		if d.over.GPU == "" || d.over.GPU == "auto" {
			d.note("hardware.graphics", "none", "no Intel, AMD or NVIDIA card was found")
		}
		return
	}
	for _, g := range d.GPUs {
		if !g.Known {
			d.warn("graphics card %s at %s is newer than the tables; by its number, it is %s", g.Device, g.Address, g.Family)
		}
	}
	dataCenter := d.nvidia()
	d.commonGraphics(dataCenter)
	d.intelGraphics()
	d.amdGraphics()
	d.videoDecoding()
	d.acceleration()
}

// foreignGPUs says of the cards that are not the machine's own that they get no driver.
func (d *decider) foreignGPUs(cards []GPU) {
	for _, g := range cards {
		if slices.ContainsFunc(d.GPUs, func(own GPU) bool { return own.Address == g.Address }) {
			continue // the profile wants it
		}
		switch {
		case !g.Removable:
			text := "the " + g.at() + " is passed through to virtual machines and gets no driver"
			if d.Mode != modeKeep {
				text += "; configure that in local.nix"
			}
			d.warn("%s", text)
		case g.Vendor == NVIDIA && d.over.GPU != "none":
			d.warn("the %s can be unplugged, so it gets neither driver nor PRIME; gpu: nvidia gives it a driver", g.at())
		default:
			d.note("graphics", "none", "the "+g.at()+" can be unplugged, so nothing is set for it")
		}
	}
	nvidia := slices.ContainsFunc(cards, func(g GPU) bool { return g.Vendor == NVIDIA })
	if len(d.NixosHardware) > 0 && nvidia && !d.has(NVIDIA) {
		// The modules of models with such a card set both by mkDefault (nixos-hardware, common/gpu/nvidia).
		d.set("services.xserver.videoDrivers", overDefaults(strs([]string{"modesetting", "fbdev"})),
			noted("the NVIDIA card is not the machine's own"))
		d.set("hardware.nvidia.prime.offload.enable", overDefaults(no),
			because("the NVIDIA card is not the machine's own"))
	}
}

// chooseGPU follows the profile's gpu key. A card that can be unplugged counts
// where the profile asks for its kind and the machine has none.
func (d *decider) chooseGPU(foreign []GPU) {
	vendor := GPUVendor(d.over.GPU)
	switch vendor {
	case "", "auto", "nouveau":
		return
	case "none":
		d.GPUs = nil
		d.note("hardware.graphics", "none", saysProfile.why)
		return
	case Intel, AMD, NVIDIA:
	default:
		d.refuse("gpu", "%q is not one of auto, none, intel, amd, nvidia, nouveau", d.over.GPU)
		return
	}
	d.GPUs = slices.DeleteFunc(d.GPUs, func(g GPU) bool {
		// The integrated card of a hybrid laptop shows the picture.
		return g.Vendor != vendor && !(vendor == NVIDIA && g.Integrated)
	})
	if d.has(vendor) {
		return
	}
	wanted := func(g GPU) bool { return g.Vendor == vendor && g.Removable }
	if i := slices.IndexFunc(foreign, wanted); i >= 0 {
		d.GPUs = append(d.GPUs, foreign[i])
		return
	}
	// The card may be put in later, or the profile be for a machine that was not probed.
	g := GPU{Vendor: vendor, Known: true, Integrated: vendor == Intel}
	g.setFamily(len(cardTables()[vendor].Families) - 1)
	g.Family = "(set in the profile)"
	if vendor == Intel {
		g.Driver = "i915"
	}
	d.GPUs = append(d.GPUs, g)
	if len(d.facts.PCI) > 0 {
		d.warn("the profile says gpu: %s, but the machine has no such card", d.over.GPU)
	}
}

func (d *decider) has(v GPUVendor) bool { return len(d.cards(v)) > 0 }

// commonGraphics turns on OpenGL, Vulkan and what computes through them.
func (d *decider) commonGraphics(dataCenter bool) {
	d.on("hardware.graphics.enable", because("for the "+d.GPUs[0].Name()))
	if d.System != "x86_64-linux" {
		d.note("hardware.graphics.enable32Bit", "off", "32-bit drivers exist for x86_64 only")
		d.onlyX86("graphics32Bit", d.over.Graphics32Bit)
		return
	}
	d.toggle("hardware.graphics.enable32Bit", d.over.Graphics32Bit, d.facts.Form() != Server && !dataCenter,
		because("programs such as Steam and Wine are 32-bit"))
}

func (d *decider) intelGraphics() {
	cards := d.cards(Intel)
	var packages []string
	for _, g := range cards {
		packages = append(packages, g.family.VA)
		if g.family.VPL {
			packages = append(packages, "vpl-gpu-rt")
		}
		packages = append(packages, g.family.OpenCL)
		d.note("graphics", g.Driver, fmt.Sprintf("8086:%s at %s is %s", g.Device, g.Address, g.Name()))
		if on := d.over.EarlyKMS; on != nil && *on {
			d.set("boot.initrd.kernelModules", nix.List{nix.Str(g.Driver)}, saysProfile)
		}
	}
	var list nix.List
	for _, name := range appendNew(nil, packages...) {
		if name != "" {
			list = append(list, nix.Ref{"pkgs", name})
		}
	}
	if len(list) > 0 {
		d.set("hardware.graphics.extraPackages", list, noted("for video decoding and OpenCL on "+cards[0].Name()))
	}
}

func (d *decider) amdGraphics() {
	cards := d.cards(AMD)
	if len(cards) == 0 {
		return
	}
	for _, g := range cards {
		d.note("graphics", g.Driver, fmt.Sprintf("1002:%s at %s is %s", g.Device, g.Address, g.Name()))
	}
	legacy := slices.ContainsFunc(cards, func(g GPU) bool { return g.family.Legacy })
	d.apply(rule{"hardware.amdgpu.legacySupport.enable", legacy, yes,
		noted("the kernel's default for this generation is radeon; only amdgpu has Vulkan")})
	if on := d.over.EarlyKMS; on != nil && (*on || len(d.NixosHardware) > 0) {
		d.set("hardware.amdgpu.initrd.enable", d.fact(nix.Bool(*on)), saysProfile)
	}
	d.apply(rule{"hardware.amdgpu.opencl.enable", d.over.ROCm != nil && *d.over.ROCm, yes, saysProfile})
}

// videoDecoding names the VA-API driver where there is only one card that
// decodes; with several, libva asks each device for its own.
func (d *decider) videoDecoding() {
	byPackage := map[string]string{"intel-media-driver": "iHD", "intel-vaapi-driver": "i965"}
	names := map[string]bool{}
	for _, g := range d.GPUs {
		switch {
		case g.Vendor == Intel && g.family.VA != "":
			names[byPackage[g.family.VA]] = true
		case g.Vendor == AMD:
			names["radeonsi"] = g.Driver == "amdgpu"
		case g.Driver == "nvidia" && len(d.GPUs) == 1:
			names["nvidia"] = g.place >= family("Maxwell")
		}
	}
	for name, ok := range names {
		if ok && len(names) == 1 {
			d.set("environment.sessionVariables.LIBVA_DRIVER_NAME", d.firm(nix.Str(name)),
				because("the driver of the card that decodes video"))
		}
	}
}

// acceleration says what Ollama and its like can compute on.
func (d *decider) acceleration() {
	for _, g := range d.GPUs {
		version, rocm := cardTables()[AMD].ROCm[g.Chip]
		switch {
		case g.Driver == "nvidia" && g.family.CUDA:
			d.Acceleration = CUDA
		case g.Driver == "amdgpu" && rocm && !g.Integrated && d.Acceleration != CUDA:
			d.Acceleration, d.ROCmVersion = ROCm, version
		case g.Driver == "amdgpu", g.family.Vulkan:
			d.Acceleration = cmp.Or(d.Acceleration, Vulkan)
		}
	}
	if d.Acceleration == CUDA {
		d.ROCmVersion = ""
	}
}
