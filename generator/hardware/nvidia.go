package hardware

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/release"
)

func drives(b release.Driver, fam int) bool {
	return fam >= family(b.Oldest) && fam <= family(b.Newest)
}

// chooseBranch takes the branch that the profile names, or the newest that drives all of the
// cards. If none does, it leaves out the oldest cards until one does; left are those.
func (d *decider) chooseBranch(cards []GPU) (b release.Driver, left []GPU, none string) {
	shipped := release.Drivers(d.over.Release)
	if given := d.over.NVIDIA.Branch; given != "" {
		i := slices.IndexFunc(shipped, func(b release.Driver) bool { return b.Name == given })
		if i < 0 {
			return release.Driver{Name: given}, nil, ""
		}
		return shipped[i], nil, ""
	}
	cards = slices.Clone(cards)
	slices.SortStableFunc(cards, func(a, b GPU) int { return b.place - a.place }) // newest first
	for n := len(cards); n > 0; n-- {
		i := slices.IndexFunc(shipped, func(b release.Driver) bool {
			return b.Broken == "" && !slices.ContainsFunc(cards[:n], func(g GPU) bool { return !drives(b, g.place) })
		})
		if i >= 0 {
			return shipped[i], cards[n:], ""
		}
	}
	return release.Driver{}, cards, whyNone(shipped, cards[0])
}

// whyNone says why no branch of a release drives a card.
func whyNone(shipped []release.Driver, g GPU) string {
	for _, b := range shipped {
		if drives(b, g.place) {
			return fmt.Sprintf("its last driver is NVIDIA's %d branch, and %s", b.Version, b.Broken)
		}
	}
	return "nixpkgs no longer has an NVIDIA driver for it"
}

// nvidia decides on the driver for NVIDIA cards and reports whether it is the
// one for data centres.
func (d *decider) nvidia() (dataCenter bool) {
	cards := d.cards(NVIDIA)
	switch {
	case len(cards) == 0:
		return false
	case d.over.GPU == "nouveau":
		d.note("hardware.nvidia", "nouveau", saysProfile.why)
		return false
	}
	branch, left, none := d.chooseBranch(cards)
	for _, g := range left {
		why := cmp.Or(none, fmt.Sprintf("the %d branch, which the other card needs, does not support it", branch.Version))
		if d.over.GPU == string(NVIDIA) && none != "" {
			d.refuse("gpu", "nvidia does not work for the %s: %s; use nouveau", g.at(), why)
			return false
		}
		d.warn("the %s uses nouveau: %s", g.at(), why)
		d.note("hardware.nvidia", "nouveau", fmt.Sprintf("10de:%s at %s: %s", g.Device, g.Address, why))
	}
	if none != "" {
		return false
	}
	driven := func(g GPU) bool {
		return g.Vendor == NVIDIA && !slices.ContainsFunc(left, func(l GPU) bool { return l.Address == g.Address })
	}
	for i := range d.GPUs {
		if driven(d.GPUs[i]) {
			d.GPUs[i].Driver = "nvidia"
		}
	}
	cards = slices.DeleteFunc(cards, func(g GPU) bool { return !driven(g) })
	newest := slices.MaxFunc(cards, func(a, b GPU) int { return a.place - b.place })
	oldest := slices.MinFunc(cards, func(a, b GPU) int { return a.place - b.place })
	nvSwitch := slices.ContainsFunc(d.facts.PCI, func(p PCI) bool {
		return p.Vendor == vendorNVIDIA && slices.Contains(cardTables()[NVIDIA].Switches, p.Device)
	})
	dataCenter, w := flag(d.over.NVIDIA.DataCenter, nvSwitch,
		noted("the cards are connected by NVSwitch, which needs the fabric manager"))
	if dataCenter {
		d.set("hardware.nvidia.datacenter.enable", d.firm(yes), w)
		d.Unfree = append(d.Unfree, "fabricmanager", "nvidia-persistenced")
	} else {
		d.set("services.xserver.videoDrivers", d.fact(nix.List{nix.Str("nvidia")}),
			noted(newest.at()+"; this chooses the kernel modules, even without X"))
		d.set("hardware.nvidia.modesetting.enable", d.firm(yes), because("Wayland needs it"))
		d.branch(branch, oldest)
	}
	d.openModules(oldest)
	d.nvidiaPower()
	if !dataCenter {
		d.prime(newest)
	}
	return dataCenter
}

// openModules chooses between NVIDIA's open kernel modules and its closed ones.
func (d *decider) openModules(oldest GPU) {
	open := oldest.place >= family("Turing")
	w := noted("NVIDIA's open kernel modules support Turing and later")
	if !open {
		w = noted(fmt.Sprintf("NVIDIA's open kernel modules need Turing or later; this is %s", oldest.Family))
	}
	// Some releases of nixpkgs set it by mkDefault, by the driver's version alone.
	value := overDefaults
	if d.over.NVIDIA.Open != nil {
		value = d.fact
	}
	open, w = flag(d.over.NVIDIA.Open, open, w)
	d.set("hardware.nvidia.open", value(nix.Bool(open)), w)
	d.Unfree = append(d.Unfree, "nvidia-x11", "nvidia-settings")
	if !open && release.Has(d.over.Release, "pkgs.nvidia-kernel-modules") {
		d.Unfree = append(d.Unfree, "nvidia-kernel-modules")
	}
}

// branch names the driver branch where it is not the default.
func (d *decider) branch(b release.Driver, oldest GPU) {
	if b.Old != "" {
		d.warn("the %s needs NVIDIA's %d branch: %s", oldest.at(), b.Version, b.Old)
	}
	if b.Name == "stable" {
		d.note("hardware.nvidia.branch", "stable", fmt.Sprintf("the %d branch supports %s", b.Version, oldest.Family))
		return
	}
	w, firm := noted(fmt.Sprintf("the %d branch is the last to support %s", b.Version, oldest.Family)), d.firm
	if d.over.NVIDIA.Branch != "" {
		w, firm = saysProfile, d.fact
	}
	if !release.Has(d.over.Release, "hardware.nvidia.branch") {
		d.set("hardware.nvidia.package", firm(nix.Ref{"config", "boot", "kernelPackages", "nvidiaPackages", b.Name}), w)
		return
	}
	d.set("hardware.nvidia.branch", firm(nix.Str(b.Name)), w)
}

func (d *decider) nvidiaPower() {
	switch d.over.NVIDIA.PowerManagement {
	case "", "off":
	case "finegrained":
		d.set("hardware.nvidia.powerManagement.finegrained", d.fact(yes), saysProfile)
		fallthrough
	case "on":
		d.set("hardware.nvidia.powerManagement.enable", d.fact(yes), saysProfile)
	default:
		d.refuse("nvidia.powerManagement", "use off, on or finegrained")
	}
}

// primeKinds are the ways of PRIME by their names in the profile, with the options of nixpkgs.
var primeKinds = map[string]string{"offload": "offload", "sync": "sync", "reverse-sync": "reverseSync"}

// prime decides about a laptop with a second, NVIDIA card.
func (d *decider) prime(nvidia GPU) {
	mode := d.over.NVIDIA.Prime
	integrated, hybrid := d.integrated()
	switch {
	case mode == "off":
		d.note("hardware.nvidia.prime", "off", saysProfile.why)
		d.primeKind("")
		return
	case mode != "" && mode != "auto":
	case !hybrid || nvidia.Removable:
		return
	case !d.Laptop:
		d.note("hardware.nvidia.prime", "off", "two cards, but not a laptop: the monitor is plugged into one of them")
		return
	default:
		mode = ""
	}
	if d.primeIDs(cmp.Or(mode, "offload"), nvidia, integrated); d.err != nil {
		return
	}
	if mode != "" {
		d.primeKind(primeKinds[mode])
		return
	}
	// Whoever wants sync says so; both together are refused by NixOS.
	sync := nix.Ref{"config", "hardware", "nvidia", "prime", "sync", "enable"}
	d.set("hardware.nvidia.prime.offload.enable", overDefaults(nix.Not{Of: sync}),
		noted("a laptop with two cards: nvidia-offload runs a program on the fast one"))
	d.set("hardware.nvidia.prime.offload.enableOffloadCmd", overDefaults(offloadEnabled),
		because("adds the command nvidia-offload"))
}

// offloadEnabled is what the command nvidia-offload takes: NixOS refuses it without.
var offloadEnabled = nix.Ref{"config", "hardware", "nvidia", "prime", "offload", "enable"}

// primeKind turns on the option that the profile asks for; with a module of
// nixos-hardware, which may have chosen another, also the others off.
func (d *decider) primeKind(kind string) {
	for _, k := range []string{"offload", "sync", "reverseSync"} {
		if k == kind || len(d.NixosHardware) > 0 {
			d.set("hardware.nvidia.prime."+k+".enable", d.fact(nix.Bool(k == kind)), saysProfile)
		}
	}
	if kind == "offload" {
		d.set("hardware.nvidia.prime.offload.enableOffloadCmd", d.fact(yes),
			because("adds the command nvidia-offload"))
	}
}

// primeIDs tells where the two cards are.
func (d *decider) primeIDs(mode string, nvidia, integrated GPU) {
	ids := d.over.NVIDIA.BusIDs
	nvidiaID := d.busID(ids.NVIDIA, nvidia.Address, "nvidia.busIds.nvidia")
	option, given, key := "intelBusId", ids.Intel, "nvidia.busIds.intel"
	if integrated.Vendor == AMD || ids.Intel == "" && ids.AMD != "" {
		option, given, key = "amdgpuBusId", ids.AMD, "nvidia.busIds.amd"
	}
	otherID := d.busID(given, integrated.Address, key)
	if otherID == "" {
		d.refuse("nvidia.prime", "%s needs the bus id of the other card, and no Intel or AMD card was found; set %s",
			mode, key)
	}
	at := func(g GPU) why {
		if len(d.NixosHardware) > 0 {
			return noted("the place of the " + g.Name() + ", whatever the model's module says; local.nix needs lib.mkForce")
		}
		return because("the " + g.at())
	}
	d.set("hardware.nvidia.prime."+option, d.fact(nix.Str(otherID)), at(integrated))
	d.set("hardware.nvidia.prime.nvidiaBusId", d.fact(nix.Str(nvidiaID)), at(nvidia))
	if nvidia.Removable {
		d.set("hardware.nvidia.prime.allowExternalGpu", d.fact(yes), because("the card can be unplugged"))
	}
}

// busID returns a bus id as the option wants it, from the profile or the address; "" where there is neither.
func (d *decider) busID(given, address, key string) string {
	if given != "" {
		if !busIDPattern.MatchString(given) {
			d.refuse(key, "%q is not of the form PCI:bus@domain:device:function, in decimal", given)
		}
		return given
	}
	if address == "" {
		return ""
	}
	id, err := BusID(address)
	if err != nil {
		d.fail(err)
	}
	return id
}
