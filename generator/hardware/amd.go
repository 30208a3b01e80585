package hardware

import "slices"

// amdFamily is what the kernel treats alike among AMD's cards.
type amdFamily struct {
	name   string
	driver string
	// legacy marks cards that both drivers know: amdgpu takes them with
	// hardware.amdgpu.legacySupport, and is the only one with Vulkan.
	legacy bool
	chips  []string
}

// Which driver takes which chip: the device tables of the kernel's radeon and
// amdgpu drivers (drivers/gpu/drm/amd/amdgpu/amdgpu_drv.c: from Southern
// Islands on; before Volcanic Islands only on request up to Linux 6.18).
// A chip that is in none of these is newer, and amdgpu's.
var amdFamilies = []amdFamily{
	{"R100 to R500", "radeon", false, []string{
		"R100", "R200", "R300", "R350", "R360", "R420", "R423", "R430", "R480", "R481", "R520", "R580", "RC410",
		"RS100", "RS200", "RS250", "RS300", "RS350", "RS400", "RS480", "RS482", "RS600", "RS690", "RS740",
		"RV100", "RV200", "RV250", "RV280", "RV350", "RV360", "RV370", "RV380", "RV410", "RV420",
		"RV505", "RV515", "RV516", "RV530", "RV535", "RV550", "RV560", "RV570",
	}},
	{"TeraScale", "radeon", false, []string{
		"R600", "R680", "R700", "RS780", "RS880", "RV610", "RV620", "RV630", "RV635", "RV670", "RV710", "RV711",
		"RV730", "RV740", "RV770", "RV790",
		"Antilles", "Barts", "Bishop", "Blackcomb", "Broadway", "Caicos", "Cayman", "Cedar", "Cypress", "Granville",
		"Hemlock", "Juniper", "Lexington", "Madison", "Onega", "Park", "Pinewood", "Redwood", "Richland", "Robson",
		"Seymour", "Sumo", "SuperSumo", "Thames", "Trinity", "Turks", "Whistler", "Wrestler",
	}},
	{"Southern Islands", "amdgpu", true, []string{
		"Cape_Verde", "Chelsea", "Curacao", "Heathrow", "Jet", "Malta", "Mars", "Neptune", "Oland", "Opal", "Pitcairn",
		"Sun", "Tahiti", "Venus", "Wimbledon",
	}},
	{"Sea Islands", "amdgpu", true, []string{
		"Bonaire", "Hawaii", "Kabini", "Kaveri", "Mullins", "Saturn", "Temash", "Tobago", "Vesuvius",
	}},
}

// amdIntegrated are the chips that are part of a processor (pci.ids, AMD's product pages).
var amdIntegrated = []string{
	"Barcelo", "Bishop", "Cezanne", "Fenghuang", "Granite_Ridge", "HawkPoint1", "HawkPoint2", "Kabini", "Kaveri",
	"Krackan", "Krackan2", "Lucienne", "Mendocino", "Mullins", "Phoenix", "Phoenix1", "Phoenix2", "Picasso", "Raphael",
	"Raven_Ridge", "Rembrandt", "Renoir", "Richland", "RS780", "RS880", "Sephiroth", "Stoney", "Strix", "Strix_Halo",
	"Sumo", "SuperSumo", "Temash", "Trinity", "VanGogh", "Wani", "Wrestler",
}

// amdROCm are the chips that nixpkgs' rocmPackages.clr.gpuTargets are built
// for: gfx900 to gfx1201. A version in the value is what HSA_OVERRIDE_GFX_VERSION
// must say for a chip whose sibling is built for.
var amdROCm = map[string]string{
	"Vega_10": "", "Vega_20": "", "Arcturus": "", "Aldebaran": "", "Aqua_Vanjaram": "",
	"Navi_21": "", "Navi_22": "10.3.0", "Navi_23": "10.3.0", "Navi_24": "10.3.0",
	"Navi_31": "", "Navi_32": "", "Navi_33": "", "Navi_44": "", "Navi_48": "",
}

func amdFamilyOf(chip string) (amdFamily, bool) {
	for _, f := range amdFamilies {
		if slices.Contains(f.chips, chip) {
			return f, true
		}
	}
	return amdFamily{name: "GCN 3 and later", driver: "amdgpu"}, chip != ""
}
