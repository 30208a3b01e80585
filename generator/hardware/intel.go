package hardware

// intelFamily is a generation of Intel's graphics.
type intelFamily struct {
	name string
	// ids are ranges of device ids, first and last.
	ids [][2]ID
	// driver is the kernel driver that binds by itself.
	driver string
	// va are the packages for video decoding, VA-API (intel-media-driver from
	// Broadwell on, intel-vaapi-driver before), vaName what LIBVA_DRIVER_NAME says.
	va, vaName string
	// vpl is the package for Quick Sync through oneVPL, from Tiger Lake on.
	vpl bool
	// opencl is the package for OpenCL and Level Zero.
	opencl string
	// discrete tells whether it is a card of its own.
	discrete bool
	// vulkan tells whether Mesa's anv drives it with the features that programs ask for.
	vulkan bool
}

// Device ids: Linux include/drm/intel/pciids.h. Drivers: i915 and xe each list
// what they bind without force_probe (xe from Lunar Lake and Battlemage on).
// Packages: the support tables of intel-media-driver, intel-vaapi-driver,
// vpl-gpu-rt and compute-runtime (releases after 24.35 start at Tiger Lake, nixpkgs
// keeps the older as intel-compute-runtime-legacy1).
var intelFamilies = []intelFamily{
	{name: "Gen 2 to 3", ids: ranges(0x1132, 0x1132, 0x2562, 0x2562, 0x2572, 0x2572, 0x2582, 0x2592, 0x2772, 0x27ae,
		0x29b2, 0x29d2, 0x3577, 0x3582, 0x358e, 0x358e, 0x7121, 0x7125, 0xa001, 0xa011), driver: "i915"},
	{name: "Gen 4", ids: ranges(0x2972, 0x29a2, 0x2a02, 0x2a42, 0x2e02, 0x2e92), driver: "i915"},
	{name: "Ironlake", ids: ranges(0x0042, 0x0046), driver: "i915", va: i965, vaName: "i965"},
	{name: "Sandy Bridge", ids: ranges(0x0102, 0x010a, 0x0112, 0x0126), driver: "i915", va: i965, vaName: "i965"},
	{name: "Ivy Bridge", ids: ranges(0x0152, 0x016a), driver: "i915", va: i965, vaName: "i965"},
	{name: "Haswell", ids: ranges(0x0402, 0x042e, 0x0a02, 0x0a2e, 0x0c02, 0x0c2e, 0x0d02, 0x0d2e), driver: "i915", va: i965, vaName: "i965"},
	{name: "Bay Trail", ids: ranges(0x0f30, 0x0f33), driver: "i915", va: i965, vaName: "i965"},
	{name: "Braswell", ids: ranges(0x22b0, 0x22b3), driver: "i915", va: i965, vaName: "i965"},
	{name: "Broadwell", ids: ranges(0x1602, 0x163e), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy},
	{name: "Skylake", ids: ranges(0x1902, 0x193d), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Apollo Lake", ids: ranges(0x0a84, 0x0a84, 0x1a84, 0x1a85, 0x5a84, 0x5a85), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Gemini Lake", ids: ranges(0x3184, 0x3185), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Kaby Lake", ids: ranges(0x5902, 0x593b, 0x87c0, 0x87c0), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Coffee Lake", ids: ranges(0x3e90, 0x3ea9, 0x87ca, 0x87ca), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Comet Lake", ids: ranges(0x9b21, 0x9bf6), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Cannon Lake", ids: ranges(0x5a40, 0x5a5c), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Ice Lake", ids: ranges(0x8a50, 0x8a71), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Elkhart Lake", ids: ranges(0x4541, 0x4571), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Jasper Lake", ids: ranges(0x4e51, 0x4e71), driver: "i915", va: iHD, vaName: "iHD", opencl: neoLegacy, vulkan: true},
	{name: "Tiger Lake", ids: ranges(0x9a40, 0x9af8), driver: "i915", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true},
	{name: "Rocket Lake", ids: ranges(0x4c80, 0x4c9a), driver: "i915", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true},
	{name: "DG1", ids: ranges(0x4905, 0x4909), driver: "i915", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true, discrete: true},
	{name: "Alder Lake", ids: ranges(0x4626, 0x46d4), driver: "i915", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true},
	{name: "Raptor Lake", ids: ranges(0xa720, 0xa721, 0xa780, 0xa7ad), driver: "i915", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true},
	{name: "Alchemist", ids: ranges(0x5690, 0x56c2), driver: "i915", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true, discrete: true},
	{name: "Meteor Lake", ids: ranges(0x7d40, 0x7d40, 0x7d45, 0x7d45, 0x7d55, 0x7d60, 0x7dd5, 0x7dd5), driver: "i915", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true},
	{name: "Arrow Lake", ids: ranges(0x7d41, 0x7d41, 0x7d51, 0x7d51, 0x7d67, 0x7d67, 0x7dd1, 0x7dd1, 0xb640, 0xb640), driver: "i915", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true},
	{name: "Ponte Vecchio", ids: ranges(0x0b69, 0x0b6e, 0x0bd4, 0x0bdb), driver: "xe", opencl: neo, discrete: true},
	{name: "Lunar Lake", ids: ranges(0x6420, 0x64b0), driver: "xe", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true},
	{name: "Battlemage", ids: ranges(0xe202, 0xe223), driver: "xe", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true, discrete: true},
	{name: "Panther Lake", ids: ranges(0xb080, 0xb0b0, 0xfd80, 0xfd81), driver: "xe", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true},
}

// The packages of nixpkgs.
const (
	i965      = "intel-vaapi-driver"
	iHD       = "intel-media-driver"
	neo       = "intel-compute-runtime"
	neoLegacy = "intel-compute-runtime-legacy1"
)

func ranges(ids ...ID) [][2]ID {
	rs := make([][2]ID, 0, len(ids)/2)
	for i := 0; i+1 < len(ids); i += 2 {
		rs = append(rs, [2]ID{ids[i], ids[i+1]})
	}
	return rs
}

// intelFamilyOf finds the generation of a device; a device that the table does
// not know is taken for a new one.
func intelFamilyOf(id ID) (f intelFamily, known bool) {
	for _, f := range intelFamilies {
		for _, r := range f.ids {
			if id >= r[0] && id <= r[1] {
				return f, true
			}
		}
	}
	return intelFamily{name: "a generation that the table does not know", driver: "xe", va: iHD, vaName: "iHD", vpl: true, opencl: neo, vulkan: true}, false
}
