package hardware

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// The values of Mode.
const (
	modeProbe  = "probe"
	modeKeep   = "keep"
	modeFacter = "facter"
)

// mode chooses where hardware-configuration.nix comes from.
func (d *decider) mode() {
	switch d.over.Mode {
	case modeProbe:
		d.Mode = modeProbe
		d.notKept("the profile sets mode: probe")
	case modeFacter:
		if d.over.Report == "" {
			d.refuse("mode", "facter needs the key report, with the path of the report of nixos-facter")
			return
		}
		d.Mode, d.Report = modeFacter, d.over.Report
	case modeKeep, "":
		problem := d.existingProblem()
		switch {
		case problem == "":
			d.Mode, d.Kept, d.kept = modeKeep, d.facts.Existing.Text, readNix(d.facts.Existing.Text)
			d.note(KeptName, "kept", "the machine runs NixOS and "+d.facts.Existing.Path+" fits it")
		case d.over.Mode == modeKeep:
			d.refuse("mode", "the file cannot be kept: %s", problem)
			return
		default:
			d.Mode = modeProbe
			d.notKept(problem)
		}
	default:
		d.refuse("mode", "%q is not one of probe, keep, facter", d.over.Mode)
		return
	}
}

// notKept says that the machine's own file goes, and what a person set in it. Where the
// file systems come from elsewhere, so does the rest of it.
func (d *decider) notKept(why string) {
	if d.facts.Existing == nil || d.over.FileSystems == "none" {
		return
	}
	text := fmt.Sprintf("%s is not kept: %s", d.facts.Existing.Path, why)
	switch options := readNix(d.facts.Existing.Text).byHand(); {
	case len(options) > 0:
		d.warn("%s; its settings other than hardware are lost with it: %s", text, strings.Join(options, ", "))
	case d.over.Mode != modeProbe:
		d.warn("%s", text)
	}
}

// platform says what the packages are built for.
func (d *decider) platform() {
	if d.System == "" {
		d.warn("the platform is unknown; set system in the profile")
		return
	}
	if d.Mode == modeKeep && strings.Contains(d.Kept, "hostPlatform") {
		return // nixos-generate-config writes it since 22.11
	}
	d.set("nixpkgs.hostPlatform", mkDefault(nix.Str(d.System)), because("what the machine's processor is"))
}

// appleSilicon tells whether the machine is one of Apple's with a processor of
// their own: m1n1 and U-Boot start it, which keep no variables.
func (d *decider) appleSilicon() bool {
	apple := func(name string) bool { return strings.HasPrefix(name, "apple,") }
	p := d.facts.Product
	switch {
	case d.Virtual:
		return false
	case slices.ContainsFunc(p.Compatible, apple), slices.Contains(d.facts.Loader.Files, M1N1):
		return true
	}
	return d.System == "aarch64-linux" && p.Vendor == "Apple Inc."
}

// M1N1 is what nixos-apple-silicon has the boot loader install.
const M1N1 = "m1n1/boot.bin"

// appleT2 goes by the model, or by the bridge of the chip.
func (d *decider) appleT2() bool {
	model := func(p pattern) bool { return p.matches(d.facts.Product.Name) }
	bridge := func(p PCI) bool { return p.Vendor == vendorApple && (p.Device == 0x1801 || p.Device == 0x1802) }
	return !d.Virtual && (slices.ContainsFunc(machineTable().AppleT2, model) || slices.ContainsFunc(d.facts.PCI, bridge))
}

// ownKernel refuses the release's kernel on machines that it does not serve: with
// it they do not start, or have no keyboard to type a passphrase on. Whoever says
// hardware.model has thought of it.
func (d *decider) ownKernel() {
	switch {
	case d.over.Model != "" && d.over.Model != "auto":
	case d.appleSilicon():
		d.block("the release's own kernel does not boot on Apple Silicon; kernel, firmware and m1n1 come from " +
			"nixos-apple-silicon (github.com/nix-community/nixos-apple-silicon): import its module in local.nix, " +
			"and set hardware.model: none in the profile")
	case d.appleT2():
		d.block("with the release's own kernel, keyboard, trackpad and sound of a Mac with a T2 chip do not work: " +
			"set hardware.model: apple-t2 in the profile, which builds the kernel of nixos-hardware, " +
			"or none to use the release's")
	}
}

// processor decides about microcode and heat.
func (d *decider) processor() {
	if d.Virtual {
		return // the host's business
	}
	vendors := map[string]string{"GenuineIntel": "intel", "AuthenticAMD": "amd"}
	vendor := vendors[d.facts.CPU.Vendor]
	if vendor != "" && d.Mode == modeProbe {
		option := "hardware.cpu." + vendor + ".updateMicrocode"
		value := mkDefault(nix.Ref{"config", "hardware", "enableRedistributableFirmware"})
		w := because("the processor is " + map[string]string{"intel": "Intel's", "amd": "AMD's"}[vendor])
		if d.over.Microcode != nil {
			value, w = d.fact(nix.Bool(*d.over.Microcode)), saysProfile
		}
		d.set(option, value, w)
	}
	// thermald stops with an error on processors before Sandy Bridge (its table of models).
	c, given := d.facts.CPU, d.over.Thermald
	cooled := vendor == "intel" && c.Family == 6 && c.Model >= sandyBridge && d.facts.Form() != Server
	if d.onlyX86("thermald", given) {
		given = new(bool)
	}
	d.toggle("services.thermald.enable", given, cooled,
		because("thermald manages heat on Intel's desktop and laptop processors"))
}

// onlyX86 warns of an override that another platform has no use for, and reports whether it is one.
func (d *decider) onlyX86(key string, over *bool) bool {
	if over == nil || !*over || strings.HasPrefix(d.System, "x86_64-") {
		return false
	}
	d.warn("hardware: {%s: true} is ignored: NixOS has it only for x86_64-linux, and this machine is %s", key, d.System)
	return true
}

// sandyBridge is the first model of that generation, in family 6.
const sandyBridge = 42

func isBrcmFullMAC(p PCI) bool {
	return p.Vendor == vendorBroadcom && slices.Contains(wifi().FullMAC, p.Device)
}

// wireless decides about Wi-Fi cards that want more than the kernel has.
func (d *decider) wireless() {
	if d.Mode != modeProbe {
		return
	}
	for _, p := range d.facts.PCI {
		at := "Wi-Fi " + p.String()
		network := p.Class.Base() == 0x02
		switch {
		case isBrcmFullMAC(p):
			d.note("imports", "broadcom-43xx.nix", at+" needs its own firmware")
		case p.Vendor == vendorBroadcom && network && slices.Contains(wifi().STA, p.Device):
			d.warn("%s works best with Broadcom's driver wl, which nixpkgs marks insecure (CVE-2019-9501, CVE-2019-9502); "+
				"it gets the kernel's own drivers", at)
		case p.Vendor == vendorIntel && network && slices.Contains(wifi().Intel2200, p.Device):
			if !slices.Contains(d.Unfree, "ipw2200-fw") {
				d.on("networking.enableIntel2200BGFirmware", because(at))
				d.Unfree = append(d.Unfree, "ipw2200-fw")
			}
		}
	}
}
