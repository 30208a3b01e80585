package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/release"
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

	family int // index in nvidiaFamilies
	intel  intelFamily
	amd    amdFamily
}

// Name is what people call the card, without its product name: AMD Navi 21 (RDNA 2).
func (g GPU) Name() string {
	vendor := map[GPUVendor]string{Intel: "Intel", AMD: "AMD", NVIDIA: "NVIDIA"}[g.Vendor]
	if g.Chip == "" {
		return vendor + " " + g.Family
	}
	return fmt.Sprintf("%s %s, %s", vendor, g.Chip, g.Family)
}

// virtualGPUs are the cards of virtual machines; the kernel drives them all
// (drivers/gpu/drm: virtio, qxl, bochs, cirrus, vmwgfx, hyperv, vboxvideo).
var virtualGPUs = map[ID]string{
	vendorRedHat: "virtio", vendorQXL: "QXL", vendorQEMU: "QEMU standard VGA", vendorCirrus: "Cirrus",
	vendorVMware: "VMware SVGA", vendorMicrosoft: "Hyper-V", vendorInnotek: "VirtualBox", vendorParallels: "Parallels",
}

// managementGPUs are the cards of a server's remote console.
var managementGPUs = map[ID]string{vendorASPEED: "ASPEED", vendorMatrox: "Matrox"}

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
				if a.Boot {
					return -1
				}
				return 1
			}
			return cmp.Compare(a.Address, b.Address)
		})
	}
	return own, foreign
}

// gpuOf is the card of a vendor whose chips are driven.
func gpuOf(p PCI) (GPU, bool) {
	if !isGPU(p) {
		return GPU{}, false
	}
	g := GPU{Address: p.Address, Device: p.Device, Boot: p.BootVGA, Removable: p.Removable}
	switch p.Vendor {
	case vendorIntel:
		g.Vendor = Intel
		g.intel, g.Known = intelFamilyOf(p.Device)
		g.Family, g.Integrated, g.Driver = g.intel.name, !g.intel.discrete, g.intel.driver
		if p.Driver == "xe" || p.Driver == "i915" {
			g.Driver = p.Driver // somebody may have forced the other one
		}
	case vendorAMD:
		g.Vendor = AMD
		g.Chip, g.Known = amdChips().byID[p.Device], true
		g.amd, g.Known = amdFamilyOf(g.Chip)
		g.Family, g.Driver = g.amd.name, g.amd.driver
		g.Integrated = slices.Contains(amdIntegrated, g.Chip)
	case vendorNVIDIA:
		g.Vendor = NVIDIA
		g.Chip, g.Known = nvidiaChips().find(p.Device)
		if g.family = familyIndex(g.Chip); g.family < 0 {
			g.family = 0
		}
		g.Family = nvidiaFamilies[g.family].name
		g.Driver = "nouveau" // until a branch of NVIDIA's is found for it
		if !g.Known {
			g.Chip = ""
		}
	default:
		return GPU{}, false
	}
	return g, true
}

// integrated finds the card that a laptop's screen hangs on, beside an NVIDIA
// one. There is one where an Intel or AMD card is part of the processor.
func (d *decider) integrated() (GPU, bool) {
	for _, g := range d.GPUs {
		if g.Vendor != NVIDIA && g.Integrated {
			return g, true
		}
	}
	for _, g := range d.GPUs {
		if g.Vendor != NVIDIA {
			return g, false
		}
	}
	return GPU{}, false
}

// graphics decides about all cards.
func (d *decider) graphics() error {
	var foreign []GPU
	d.GPUs, foreign = gpus(d.facts)
	if err := d.chooseGPU(foreign); err != nil {
		return err
	}
	d.foreignGPUs(foreign)
	for _, p := range d.facts.PCI {
		if name := virtualGPUs[p.Vendor]; name != "" && p.Class.Base() == 0x03 {
			d.note("graphics", name, fmt.Sprintf("%s:%s at %s is the card of a virtual machine, which the kernel drives", p.Vendor, p.Device, p.Address))
		}
		if name := managementGPUs[p.Vendor]; name != "" && p.Class.Base() == 0x03 {
			d.note("graphics", name, fmt.Sprintf("%s:%s at %s is a server's remote console, which the kernel drives", p.Vendor, p.Device, p.Address))
		}
	}
	if len(d.GPUs) == 0 {
		if d.over.GPU == "" || d.over.GPU == "auto" {
			d.note("hardware.graphics", "none", "no card of Intel, AMD or NVIDIA was found")
		}
		return nil
	}
	for _, g := range d.GPUs {
		if g.Known {
			continue
		}
		d.warn("graphics card %s at %s is newer than the tables; its number says %s", g.Device, g.Address, g.Family)
	}
	dataCenter, err := d.nvidia()
	if err != nil {
		return err
	}
	d.commonGraphics(dataCenter)
	d.intelGraphics()
	d.amdGraphics()
	d.videoDecoding()
	d.acceleration()
	return nil
}

// foreignGPUs says of the cards that are not the machine's own that they get no driver.
func (d *decider) foreignGPUs(cards []GPU) {
	for _, g := range cards {
		if slices.ContainsFunc(d.GPUs, func(own GPU) bool { return own.Address == g.Address }) {
			continue // the profile wants it
		}
		switch {
		case !g.Removable:
			text := fmt.Sprintf("the %s at %s is given to virtual machines and gets no driver", g.Name(), g.Address)
			if d.Mode != modeKeep {
				text += "; what binds it to theirs is not taken over"
			}
			d.warn("%s", text)
		case g.Vendor == NVIDIA && d.over.GPU != "none":
			d.warn("the %s at %s can be unplugged, so it gets neither driver nor PRIME; gpu: nvidia gives it the driver",
				g.Name(), g.Address)
		default:
			d.note("graphics", "none",
				fmt.Sprintf("the %s at %s can be unplugged: nothing is set for it", g.Name(), g.Address))
		}
	}
	nvidia := slices.ContainsFunc(cards, func(g GPU) bool { return g.Vendor == NVIDIA })
	if len(d.NixosHardware) > 0 && nvidia && !d.has(NVIDIA) {
		// The modules of models with such a card set both by mkDefault (nixos-hardware, common/gpu/nvidia).
		d.set("services.xserver.videoDrivers", overDefaults(strs([]string{"modesetting", "fbdev"})),
			noted("NVIDIA's card is not the machine's own"))
		d.set("hardware.nvidia.prime.offload.enable", overDefaults(nix.Bool(false)), why{})
	}
}

// chooseGPU follows the profile's gpu key. A card that can be unplugged counts
// where the profile asks for its kind and the machine has none.
func (d *decider) chooseGPU(foreign []GPU) error {
	want := d.over.GPU
	switch want {
	case "", "auto", "nouveau":
		return nil
	case "none":
		d.GPUs = nil
		d.note("hardware.graphics", "none", saysProfile.why)
		return nil
	}
	vendor := GPUVendor(want)
	if !slices.Contains([]GPUVendor{Intel, AMD, NVIDIA}, vendor) {
		return &OverrideError{Key: "gpu", Why: fmt.Sprintf("%q is none of auto, none, intel, amd, nvidia, nouveau", want)}
	}
	d.GPUs = slices.DeleteFunc(d.GPUs, func(g GPU) bool {
		// The integrated card of a hybrid laptop shows the picture.
		return g.Vendor != vendor && !(vendor == NVIDIA && g.Integrated)
	})
	if slices.ContainsFunc(d.GPUs, func(g GPU) bool { return g.Vendor == vendor }) {
		return nil
	}
	for _, g := range foreign {
		if g.Vendor == vendor && g.Removable {
			d.GPUs = append(d.GPUs, g)
			return nil
		}
	}
	// The card may be put in later, or the profile be for a machine that was not probed.
	g := GPU{Vendor: vendor, Known: true, Family: "as the profile says"}
	switch vendor {
	case Intel:
		g.intel, _ = intelFamilyOf(0)
		g.Driver, g.Integrated = "i915", true
	case AMD:
		g.amd, _ = amdFamilyOf("")
		g.Driver = "amdgpu"
	case NVIDIA:
		g.family = len(nvidiaFamilies) - 1
		g.Driver = "nouveau"
	}
	d.GPUs = append(d.GPUs, g)
	if len(d.facts.PCI) > 0 {
		d.warn("the profile says gpu: %s, but the machine has no such card", want)
	}
	return nil
}

func (d *decider) has(v GPUVendor) bool {
	return slices.ContainsFunc(d.GPUs, func(g GPU) bool { return g.Vendor == v })
}

// commonGraphics turns on OpenGL, Vulkan and what computes through them.
func (d *decider) commonGraphics(dataCenter bool) {
	d.set("hardware.graphics.enable", d.soft(nix.Bool(true)), because(d.GPUs[0].Name()))
	if d.System != "x86_64-linux" {
		d.note("hardware.graphics.enable32Bit", "off", "32-bit drivers exist for x86_64 only")
		d.onlyX86("graphics32Bit", d.over.Graphics32Bit)
		return
	}
	on, w := flag(d.over.Graphics32Bit, d.facts.Form() != Server && !dataCenter, because("programs such as Steam and Wine are 32-bit"))
	switch {
	case d.over.Graphics32Bit != nil && len(d.NixosHardware) > 0:
		d.set("hardware.graphics.enable32Bit", d.fact(nix.Bool(on)), w)
	case on:
		d.set("hardware.graphics.enable32Bit", d.soft(nix.Bool(true)), w)
	}
}

// nvidia decides on the driver for NVIDIA cards and reports whether it is the
// one for data centres.
func (d *decider) nvidia() (dataCenter bool, err error) {
	var cards []GPU
	for _, g := range d.GPUs {
		if g.Vendor == NVIDIA {
			cards = append(cards, g)
		}
	}
	if len(cards) == 0 || d.over.GPU == "nouveau" {
		if len(cards) > 0 {
			d.note("hardware.nvidia", "nouveau", saysProfile.why)
		}
		return false, nil
	}
	branch, left, none := chooseBranch(d.over.Release, cards)
	if given := d.over.NVIDIA.Branch; given != "" {
		branch, left, none = release.Driver{Name: given}, nil, ""
		for _, b := range release.Drivers(d.over.Release) {
			if b.Name == given {
				branch = b
			}
		}
	}
	for _, g := range left {
		why := cmp.Or(none, fmt.Sprintf("the %d branch that the other card needs does not drive it", branch.Version))
		if d.over.GPU == string(NVIDIA) && none != "" {
			return false, &OverrideError{Key: "gpu", Why: fmt.Sprintf("nvidia is not possible for the %s at %s: %s; nouveau drives it", g.Name(), g.Address, why)}
		}
		d.warn("the %s at %s is left to nouveau: %s", g.Name(), g.Address, why)
		d.note("hardware.nvidia", "nouveau", fmt.Sprintf("10de:%s at %s: %s", g.Device, g.Address, why))
	}
	if none != "" {
		return false, nil
	}
	for i := range d.GPUs {
		if g := &d.GPUs[i]; g.Vendor == NVIDIA && !slices.ContainsFunc(left, func(l GPU) bool { return l.Address == g.Address }) {
			g.Driver = "nvidia"
		}
	}
	cards = slices.DeleteFunc(cards, func(g GPU) bool {
		return slices.ContainsFunc(left, func(l GPU) bool { return l.Address == g.Address })
	})
	newest := slices.MaxFunc(cards, func(a, b GPU) int { return a.family - b.family })
	oldest := slices.MinFunc(cards, func(a, b GPU) int { return a.family - b.family })
	dataCenter, w := flag(d.over.NVIDIA.DataCenter, hasNVSwitch(d.facts.PCI),
		noted("the cards are joined by NVSwitch, which needs the fabric manager"))
	if dataCenter {
		d.set("hardware.nvidia.datacenter.enable", d.firm(nix.Bool(true)), w)
		d.Unfree = append(d.Unfree, "fabricmanager", "nvidia-persistenced")
	} else {
		d.set("services.xserver.videoDrivers", d.fact(nix.List{nix.Str("nvidia")}),
			noted(fmt.Sprintf("%s at %s; also without X, this chooses the kernel modules", newest.Name(), newest.Address)))
		d.set("hardware.nvidia.modesetting.enable", d.firm(nix.Bool(true)), because("Wayland needs it"))
		d.branch(branch, oldest)
	}
	open, w := flag(d.over.NVIDIA.Open, oldest.family >= family("Turing"),
		noted("NVIDIA's open kernel modules drive Turing and later"))
	if d.over.NVIDIA.Open == nil && !open {
		w = noted(fmt.Sprintf("NVIDIA's open kernel modules start at Turing; this is %s", oldest.Family))
	}
	// Some releases of nixpkgs set it by mkDefault, by the driver's version alone.
	value := overDefaults
	if d.over.NVIDIA.Open != nil {
		value = d.fact
	}
	d.set("hardware.nvidia.open", value(nix.Bool(open)), w)
	d.Unfree = append(d.Unfree, "nvidia-x11", "nvidia-settings")
	if !open && release.Has(d.over.Release, "pkgs.nvidia-kernel-modules") {
		d.Unfree = append(d.Unfree, "nvidia-kernel-modules")
	}
	if err := d.nvidiaPower(); err != nil || dataCenter {
		return dataCenter, err
	}
	return false, d.prime(newest)
}

// branch names the driver branch where it is not the default.
func (d *decider) branch(b release.Driver, oldest GPU) {
	if b.Old != "" {
		d.warn("the %s at %s needs NVIDIA's %d branch: %s", oldest.Name(), oldest.Address, b.Version, b.Old)
	}
	if b.Name == "stable" {
		d.note("hardware.nvidia.branch", "stable", fmt.Sprintf("the %d branch drives %s", b.Version, oldest.Family))
		return
	}
	w, firm := noted(fmt.Sprintf("the %d branch is the last that drives %s", b.Version, oldest.Family)), d.firm
	if d.over.NVIDIA.Branch != "" {
		w, firm = saysProfile, d.fact
	}
	if !release.Has(d.over.Release, "hardware.nvidia.branch") {
		d.set("hardware.nvidia.package", firm(nix.Ref{"config", "boot", "kernelPackages", "nvidiaPackages", b.Name}), w)
		return
	}
	d.set("hardware.nvidia.branch", firm(nix.Str(b.Name)), w)
}

func (d *decider) nvidiaPower() error {
	switch d.over.NVIDIA.PowerManagement {
	case "", "off":
	case "finegrained":
		d.set("hardware.nvidia.powerManagement.finegrained", d.fact(nix.Bool(true)), saysProfile)
		fallthrough
	case "on":
		d.set("hardware.nvidia.powerManagement.enable", d.fact(nix.Bool(true)), saysProfile)
	default:
		return &OverrideError{Key: "nvidia.powerManagement", Why: "it is off, on or finegrained"}
	}
	return nil
}

func (d *decider) intelGraphics() {
	var packages nix.List
	add := func(name string) {
		ref := nix.Ref{"pkgs", name}
		if name != "" && !slices.ContainsFunc(packages, func(e nix.Expr) bool { return display(e) == display(ref) }) {
			packages = append(packages, ref)
		}
	}
	for _, g := range d.GPUs {
		if g.Vendor != Intel {
			continue
		}
		add(g.intel.va)
		if g.intel.vpl {
			add("vpl-gpu-rt")
		}
		add(g.intel.opencl)
		d.note("graphics", g.Driver, fmt.Sprintf("8086:%s at %s is %s", g.Device, g.Address, g.Name()))
		if d.earlyKMS() {
			d.set("boot.initrd.kernelModules", nix.List{nix.Str(g.Driver)}, saysProfile)
		}
	}
	if len(packages) > 0 {
		d.set("hardware.graphics.extraPackages", packages, noted("decoding of video and OpenCL on "+d.first(Intel).Name()))
	}
}

func (d *decider) earlyKMS() bool { return d.over.EarlyKMS != nil && *d.over.EarlyKMS }

func (d *decider) first(v GPUVendor) GPU {
	for _, g := range d.GPUs {
		if g.Vendor == v {
			return g
		}
	}
	return GPU{}
}

func (d *decider) amdGraphics() {
	legacy := false
	for _, g := range d.GPUs {
		if g.Vendor != AMD {
			continue
		}
		d.note("graphics", g.Driver, fmt.Sprintf("1002:%s at %s is %s", g.Device, g.Address, g.Name()))
		legacy = legacy || g.amd.legacy
	}
	if !d.has(AMD) {
		return
	}
	if legacy {
		d.set("hardware.amdgpu.legacySupport.enable", d.soft(nix.Bool(true)),
			noted("the kernel gives this generation to radeon unless told; only amdgpu has Vulkan"))
	}
	if on := d.over.EarlyKMS; on != nil && (*on || len(d.NixosHardware) > 0) {
		d.set("hardware.amdgpu.initrd.enable", d.fact(nix.Bool(*on)), saysProfile)
	}
	if d.over.ROCm != nil && *d.over.ROCm {
		d.set("hardware.amdgpu.opencl.enable", d.soft(nix.Bool(true)), saysProfile)
	}
}

// videoDecoding names the VA-API driver where there is only one card that
// decodes; with several, libva asks each device for its own.
func (d *decider) videoDecoding() {
	names := map[string]bool{}
	for _, g := range d.GPUs {
		switch {
		case g.Vendor == Intel && g.intel.vaName != "":
			names[g.intel.vaName] = true
		case g.Vendor == AMD:
			names["radeonsi"] = g.Driver == "amdgpu"
		case g.Driver == "nvidia" && len(d.GPUs) == 1:
			names["nvidia"] = g.family >= family("Maxwell")
		}
	}
	for name, ok := range names {
		if ok && len(names) == 1 {
			d.set("environment.sessionVariables.LIBVA_DRIVER_NAME", d.firm(nix.Str(name)), because("the card that decodes video"))
		}
	}
}

// acceleration says what Ollama and its like can compute on.
func (d *decider) acceleration() {
	for _, g := range d.GPUs {
		switch {
		case g.Driver == "nvidia" && nvidiaFamilies[g.family].cuda:
			d.Acceleration = CUDA
		case g.Vendor == AMD && !g.Integrated && g.Driver == "amdgpu":
			if version, ok := amdROCm[g.Chip]; ok {
				if d.Acceleration != CUDA {
					d.Acceleration, d.ROCmVersion = ROCm, version
				}
				continue
			}
			d.Acceleration = cmp.Or(d.Acceleration, Vulkan)
		case g.Vendor == AMD && g.Driver == "amdgpu", g.Vendor == Intel && g.intel.vulkan:
			d.Acceleration = cmp.Or(d.Acceleration, Vulkan)
		}
	}
	if d.Acceleration == CUDA {
		d.ROCmVersion = ""
	}
}
