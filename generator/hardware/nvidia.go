package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/release"
)

// nvidiaFamily is an architecture of NVIDIA's, oldest first in nvidiaFamilies.
type nvidiaFamily struct {
	name string
	// chips are the prefixes of its chips' names in pci.ids.
	chips []string
	// cuda tells whether the CUDA that nixpkgs builds with (12.8 and later) still runs on it.
	cuda bool
}

// Which chips make up which architecture: NVIDIA's names as pci.ids gives them.
// CUDA 12 needs compute capability 5.0, Maxwell (CUDA Toolkit release notes).
var nvidiaFamilies = []nvidiaFamily{
	{"Celsius to Curie", []string{"NV", "C5", "C6", "C7", "G7", "MCP5", "MCP6", "MCP2", "MCP0"}, false},
	{"Tesla", []string{"G8", "G9", "GT2", "MCP7", "MCP8"}, false},
	{"Fermi", []string{"GF"}, false},
	{"Kepler", []string{"GK"}, false},
	{"Maxwell", []string{"GM"}, true},
	{"Pascal", []string{"GP"}, true},
	{"Volta", []string{"GV"}, true},
	{"Turing", []string{"TU"}, true},
	{"Ampere", []string{"GA"}, true},
	{"Ada Lovelace", []string{"AD"}, true},
	{"Hopper", []string{"GH"}, true},
	{"Blackwell", []string{"GB"}, true},
}

// familyIndex is the place of a chip's architecture in nvidiaFamilies, -1 if
// there is none. MCP61 and MCP67 are Curie, MCP77 and later Tesla.
func familyIndex(chip string) int {
	best, length := -1, 0
	for i, f := range nvidiaFamilies {
		for _, p := range f.chips {
			if strings.HasPrefix(chip, p) && len(p) > length {
				best, length = i, len(p)
			}
		}
	}
	return best
}

func family(name string) int {
	return slices.IndexFunc(nvidiaFamilies, func(f nvidiaFamily) bool { return f.name == name })
}

func drives(b release.Driver, fam int) bool {
	return fam >= family(b.Oldest) && fam <= family(b.Newest)
}

// chooseBranch takes the newest branch that drives all of the cards. If none
// does, it leaves out the oldest cards until one does; left are those.
func chooseBranch(of string, cards []GPU) (b release.Driver, left []GPU, why string) {
	cards = slices.Clone(cards)
	slices.SortStableFunc(cards, func(a, b GPU) int { return b.family - a.family }) // newest first
	for n := len(cards); n > 0; n-- {
		for _, br := range release.Drivers(of) {
			if br.Broken != "" {
				continue
			}
			if !slices.ContainsFunc(cards[:n], func(g GPU) bool { return !drives(br, g.family) }) {
				return br, cards[n:], ""
			}
		}
	}
	return release.Driver{}, cards, whyNone(of, cards[0])
}

// whyNone says why no branch of the release drives a card.
func whyNone(of string, g GPU) string {
	for _, b := range release.Drivers(of) {
		if drives(b, g.family) {
			return fmt.Sprintf("its last driver is NVIDIA's %d branch, and %s", b.Version, b.Broken)
		}
	}
	return "nixpkgs ships no driver of NVIDIA's for it any more"
}

// nvSwitches are the device ids of NVIDIA's NVSwitch chips (pci.ids): boards
// with them need the fabric manager of the data centre driver.
var nvSwitches = []ID{0x1ac1, 0x1ac2, 0x1af1, 0x1af2, 0x22a3, 0x22a4}

func hasNVSwitch(pci []PCI) bool {
	return slices.ContainsFunc(pci, func(p PCI) bool {
		return p.Vendor == vendorNVIDIA && slices.Contains(nvSwitches, p.Device)
	})
}

// primeKinds are the ways of PRIME by their names in the profile, with the options of nixpkgs.
var primeKinds = map[string]string{"offload": "offload", "sync": "sync", "reverse-sync": "reverseSync"}

// prime decides about a laptop with a second, NVIDIA card.
func (d *decider) prime(nvidia GPU) error {
	mode := d.over.NVIDIA.Prime
	integrated, hybrid := d.integrated()
	switch {
	case mode == "off":
		d.note("hardware.nvidia.prime", "off", saysProfile.why)
		d.primeKind("")
		return nil
	case mode != "" && mode != "auto":
	case !hybrid || nvidia.Removable:
		return nil
	case !d.Laptop:
		d.note("hardware.nvidia.prime", "off", "two cards, but no laptop: the monitor is plugged into one of them")
		return nil
	default:
		mode = ""
	}
	if err := d.primeIDs(cmp.Or(mode, "offload"), nvidia, integrated); err != nil {
		return err
	}
	if mode != "" {
		d.primeKind(primeKinds[mode])
		return nil
	}
	// Whoever wants sync says so; both together are refused by NixOS.
	sync := nix.Ref{"config", "hardware", "nvidia", "prime", "sync", "enable"}
	d.set("hardware.nvidia.prime.offload.enable", overDefaults(nix.Not{Of: sync}),
		noted("a laptop with two cards: nvidia-offload starts a program on the fast one"))
	d.set("hardware.nvidia.prime.offload.enableOffloadCmd", overDefaults(offloadEnabled),
		because("the command nvidia-offload"))
	return nil
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
		d.set("hardware.nvidia.prime.offload.enableOffloadCmd", d.fact(nix.Bool(true)),
			because("the command nvidia-offload"))
	}
}

// primeIDs tells where the two cards are.
func (d *decider) primeIDs(mode string, nvidia, integrated GPU) error {
	nvidiaID, err := d.busID(d.over.NVIDIA.BusIDs.NVIDIA, nvidia.Address, "nvidia.busIds.nvidia")
	if err != nil {
		return err
	}
	option, other := "intelBusId", d.over.NVIDIA.BusIDs.Intel
	key := "nvidia.busIds.intel"
	if integrated.Vendor == AMD || other == "" && d.over.NVIDIA.BusIDs.AMD != "" {
		option, other, key = "amdgpuBusId", d.over.NVIDIA.BusIDs.AMD, "nvidia.busIds.amd"
	}
	otherID, err := d.busID(other, integrated.Address, key)
	if err != nil {
		return err
	}
	if otherID == "" {
		return &OverrideError{Key: "nvidia.prime", Why: mode + " needs the bus id of the other card, and there is no Intel or AMD card; give " + key}
	}
	at := func(g GPU) why { return because("the " + g.Name() + " at " + g.Address) }
	if len(d.NixosHardware) > 0 {
		at = func(g GPU) why {
			return noted("where the " + g.Name() + " is, whatever the model's module says; local.nix needs lib.mkForce")
		}
	}
	d.set("hardware.nvidia.prime."+option, d.fact(nix.Str(otherID)), at(integrated))
	d.set("hardware.nvidia.prime.nvidiaBusId", d.fact(nix.Str(nvidiaID)), at(nvidia))
	if nvidia.Removable {
		d.set("hardware.nvidia.prime.allowExternalGpu", d.fact(nix.Bool(true)), because("the card can be unplugged"))
	}
	return nil
}

// busID gives a bus id as the option wants it, from the profile or the address.
func (d *decider) busID(given, address, key string) (string, error) {
	if given == "" {
		if address == "" {
			return "", nil
		}
		return BusID(address)
	}
	if !busIDPattern.MatchString(given) {
		return "", &OverrideError{Key: key, Why: fmt.Sprintf("%q is not of the form PCI:bus@domain:device:function, in decimal", given)}
	}
	return given, nil
}
