package hardware

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// value is what a machine's configuration sets an option to; "" if nothing.
func value(t testing.TB, d Decision, option string) string {
	t.Helper()
	for _, s := range mergeLists(d.settings) {
		if strings.Join(s.path, ".") == option {
			return display(s.value)
		}
	}
	return ""
}

func must(t testing.TB, f Facts, o Overrides) Decision {
	t.Helper()
	if o.Release == "" {
		o.Release = "26.05"
	}
	d, err := Decide(f, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// card is a desktop with one graphics card.
func card(vendor, device ID) Facts {
	return Facts{
		Version: 1, System: "x86_64-linux", Firmware: UEFI, EFIVariables: true, Product: Product{Chassis: 3},
		PCI:    []PCI{{Address: "0000:01:00.0", Vendor: vendor, Device: device, Class: 0x030000, BootVGA: true}},
		Mounts: []Mount{{Point: "/", Type: "ext4", Source: "/dev/sda1", Number: "8:1", Root: "/"}},
		Blocks: []Block{{Name: "sda1", Number: "8:1", UUID: "u"}},
	}
}

func TestNVIDIABranches(t *testing.T) {
	tests := []struct {
		name    string
		device  ID
		release string
		branch  string // "" is the default, "-" no driver of NVIDIA's
		open    string
	}{
		{"RTX 5090", 0x2b85, "26.05", "", "true"},
		{"RTX 4090", 0x2684, "26.05", "", "true"},
		{"H100 PCIe", 0x2331, "26.05", "", "true"},
		{"RTX 3090", 0x2204, "26.05", "", "true"},
		{"RTX 2080", 0x1e87, "26.05", "", "true"},
		{"GTX 1650", 0x1f82, "26.05", "", "true"},
		{"Titan V", 0x1d81, "26.05", `"legacy_580"`, "false"},
		{"GTX 1080", 0x1b80, "26.05", `"legacy_580"`, "false"},
		{"GTX 970", 0x13c2, "26.05", `"legacy_580"`, "false"},
		{"GTX 680", 0x1180, "26.05", `"legacy_470"`, "false"},
		{"GTX 480", 0x06c0, "26.05", "-", ""},
		{"8800 GT", 0x0611, "26.05", "-", ""},
		{"GeForce 6800", 0x0041, "26.05", "-", ""},
		{"GTX 1080 on unstable", 0x1b80, "unstable", `"legacy_580"`, "false"},
		{"GTX 1080 on 25.11", 0x1b80, "25.11", "", "false"},
		{"GTX 680 on 25.11", 0x1180, "25.11", "config.boot.kernelPackages.nvidiaPackages.legacy_470", "false"},
		{"GTX 480 on 25.11", 0x06c0, "25.11", "config.boot.kernelPackages.nvidiaPackages.legacy_390", "false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := must(t, card(vendorNVIDIA, tt.device), Overrides{Release: tt.release})
			branch := value(t, d, "hardware.nvidia.branch")
			if tt.release == "25.11" {
				if branch != "" {
					t.Errorf("hardware.nvidia.branch is set, which 25.11 does not have")
				}
				branch = value(t, d, "hardware.nvidia.package")
			}
			want := tt.branch
			if want == "-" {
				if v := value(t, d, "services.xserver.videoDrivers"); v != "" || d.GPUs[0].Driver != "nouveau" ||
					len(d.Warnings) == 0 || len(d.Unfree) > 0 {
					t.Errorf("want nouveau and a warning, got %s, %+v, %v, %v", v, d.GPUs, d.Warnings, d.Unfree)
				}
				_, err := Decide(card(vendorNVIDIA, tt.device), Overrides{Release: tt.release, GPU: "nvidia"})
				var bad *OverrideError
				if !errors.As(err, &bad) || bad.Key != "gpu" {
					t.Errorf("gpu: nvidia is not refused: %v", err)
				}
				return
			}
			if want != "" {
				want = "lib.mkDefault " + want
			}
			if branch != want {
				t.Errorf("branch is %s, want %s", branch, want)
			}
			if got := value(t, d, "hardware.nvidia.open"); got != "lib.mkOverride 900 "+tt.open {
				t.Errorf("open is %s, want %s", got, tt.open)
			}
			if got := value(t, d, "hardware.nvidia.modesetting.enable"); got != "lib.mkDefault true" {
				t.Errorf("modesetting is %q", got)
			}
			if !slices.Contains(d.Unfree, "nvidia-x11") {
				t.Errorf("unfree packages are %v", d.Unfree)
			}
		})
	}
}

func TestAcceleration(t *testing.T) {
	tests := []struct {
		name           string
		vendor, device ID
		want           Acceleration
		version        string
	}{
		{"RTX 4090", vendorNVIDIA, 0x2684, CUDA, ""},
		{"GTX 1080", vendorNVIDIA, 0x1b80, CUDA, ""},
		{"GTX 680", vendorNVIDIA, 0x1180, "", ""},
		{"GTX 480 by nouveau", vendorNVIDIA, 0x06c0, "", ""},
		{"RX 7900 XTX", vendorAMD, 0x744c, ROCm, ""},
		{"RX 6650 XT", vendorAMD, 0x73ef, ROCm, "10.3.0"},
		{"RX 580", vendorAMD, 0x67df, Vulkan, ""},
		{"HD 5770", vendorAMD, 0x68b8, "", ""},
		{"Cezanne", vendorAMD, 0x1638, Vulkan, ""},
		{"Tiger Lake", vendorIntel, 0x9a49, Vulkan, ""},
		{"Arc A770", vendorIntel, 0x56a0, Vulkan, ""},
		{"Sandy Bridge", vendorIntel, 0x0126, "", ""},
		{"virtio", vendorRedHat, 0x1050, "", ""},
	}
	for _, tt := range tests {
		d := must(t, card(tt.vendor, tt.device), Overrides{})
		if d.Acceleration != tt.want || d.ROCmVersion != tt.version {
			t.Errorf("%s: %q %q, want %q %q", tt.name, d.Acceleration, d.ROCmVersion, tt.want, tt.version)
		}
	}
}

func TestRoomForKernels(t *testing.T) {
	for _, tt := range []struct {
		firmware Firmware
		fsType   string
		size     uint64
		option   string
		want     int
		warned   bool
	}{
		{UEFI, "vfat", 1024 * mib, "boot.loader.systemd-boot.configurationLimit", 10, false},
		{UEFI, "vfat", 400 * mib, "boot.loader.systemd-boot.configurationLimit", 5, false},
		{UEFI, "vfat", 100 * mib, "boot.loader.systemd-boot.configurationLimit", 3, true},
		{BIOS, "ext4", 200 * mib, "boot.loader.grub.configurationLimit", 3, true},
		{BIOS, "ext4", 1024 * mib, "boot.loader.grub.configurationLimit", 10, false},
		{BIOS, "", 0, "boot.loader.grub.configurationLimit", 10, false},
	} {
		f := card(vendorAMD, 0x73bf)
		f.Firmware = tt.firmware
		f.Blocks = append(f.Blocks, Block{Name: "sda", ID: "x"}, Block{Name: "sda2", Disk: "sda", UUID: "b", Size: tt.size})
		f.Blocks[0].Disk = "sda"
		if tt.fsType != "" {
			f.Mounts = append(f.Mounts, Mount{Point: "/boot", Type: tt.fsType, Source: "/dev/sda2", Root: "/"})
		}
		d := must(t, f, Overrides{})
		if got := value(t, d, tt.option); got != fmt.Sprintf("lib.mkDefault %d", tt.want) ||
			len(d.Warnings) > 0 != tt.warned {
			t.Errorf("%+v: %s, %v", tt, got, d.Warnings)
		}
	}
}

func TestZram(t *testing.T) {
	const gib = 1 << 30
	for memory, want := range map[uint64]int{
		0: 50, gib / 2: 75, 7 * gib: 75, 7*gib + gib/4: 75, 8 * gib: 50, 7*gib + 3*gib/4: 50, 15 * gib: 50,
		15*gib + 6*gib/10: 25, 16 * gib: 25, 64 * gib: 25, 2048 * gib: 25,
	} {
		if got := zramPercent(memory); got != want {
			t.Errorf("%d MiB: %d %%, want %d", memory>>20, got, want)
		}
	}
}

func TestBusID(t *testing.T) {
	for address, want := range map[string]string{
		"0000:01:00.0": "PCI:1@0:0:0", "0000:0a:00.0": "PCI:10@0:0:0", "0000:00:02.0": "PCI:0@0:2:0",
		"0000:c1:1f.7":  "PCI:193@0:31:7",
		"10000:e1:00.0": "PCI:225@65536:0:0", "0001:00:00.0": "PCI:0@1:0:0",
	} {
		if got, err := BusID(address); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", address, got, err, want)
		}
	}
	for _, bad := range []string{"", "01:00.0", "0000:01:00", "0000:01:00.8", "0000:1g:00.0", "0000:01:00.0\n", "${x}"} {
		if got, err := BusID(bad); err == nil {
			t.Errorf("%q: %s", bad, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		domain, bus := rapid.Uint32Range(0, 1<<17).Draw(t, "domain"), rapid.Uint8().Draw(t, "bus")
		device, function := rapid.Uint8Range(0, 31).Draw(t, "device"), rapid.Uint8Range(0, 7).Draw(t, "function")
		got, err := BusID(fmt.Sprintf("%04x:%02x:%02x.%d", domain, bus, device, function))
		if want := fmt.Sprintf("PCI:%d@%d:%d:%d", bus, domain, device, function); err != nil || got != want {
			t.Fatalf("%s, %v; want %s", got, err, want)
		}
		if !busIDPattern.MatchString(got) {
			t.Fatalf("%s is not what the option wants", got)
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestOverridesOfAnotherPlatform(t *testing.T) {
	d, err := Decide(machine(t, "desktop-amd-rx6800"), Overrides{System: "aarch64-linux", Thermald: ptr(true),
		Graphics32Bit: ptr(true)})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"thermald", "graphics32Bit"} {
		if !slices.ContainsFunc(d.Warnings, func(w string) bool { return strings.Contains(w, key+": true} is ignored") }) {
			t.Errorf("nothing is said of %s: %q", key, d.Warnings)
		}
	}
}

// Every choice of the profile shows in the configuration.
func TestOverrides(t *testing.T) {
	hybrid := machine(t, "laptop-hybrid-intel-nvidia")
	amd := machine(t, "desktop-amd-rx6800")
	vm := machine(t, "vm-kvm-virtio")
	bios := machine(t, "server-md-lvm-bios")
	tests := []struct {
		name   string
		facts  Facts
		over   Overrides
		option string
		want   string
	}{
		{"no graphics", amd, Overrides{GPU: "none"}, "hardware.graphics.enable", ""},
		{"only intel", hybrid, Overrides{GPU: "intel"}, "services.xserver.videoDrivers", ""},
		{"nouveau", hybrid, Overrides{GPU: "nouveau"}, "services.xserver.videoDrivers", ""},
		{"a card that is not there", vm, Overrides{GPU: "nvidia"}, "services.xserver.videoDrivers",
			`lib.mkOverride 900 [ "nvidia" ]`},
		{"proprietary modules", hybrid, Overrides{NVIDIA: NVIDIAOverrides{Open: ptr(false)}}, "hardware.nvidia.open",
			"lib.mkOverride 90 false"},
		{"branch", hybrid, Overrides{NVIDIA: NVIDIAOverrides{Branch: "beta"}}, "hardware.nvidia.branch",
			`lib.mkOverride 90 "beta"`},
		{"no prime", hybrid, Overrides{NVIDIA: NVIDIAOverrides{Prime: "off"}}, "hardware.nvidia.prime.nvidiaBusId", ""},
		{"sync", hybrid, Overrides{NVIDIA: NVIDIAOverrides{Prime: "sync"}}, "hardware.nvidia.prime.sync.enable",
			"lib.mkOverride 90 true"},
		{"reverse sync", hybrid, Overrides{NVIDIA: NVIDIAOverrides{Prime: "reverse-sync"}},
			"hardware.nvidia.prime.reverseSync.enable", "lib.mkOverride 90 true"},
		{"sync is not offload", hybrid, Overrides{NVIDIA: NVIDIAOverrides{Prime: "sync"}},
			"hardware.nvidia.prime.offload.enable", "lib.mkOverride 90 false"},
		{"bus id", hybrid, Overrides{NVIDIA: NVIDIAOverrides{BusIDs: BusIDs{NVIDIA: "PCI:9:0:0"}}},
			"hardware.nvidia.prime.nvidiaBusId", `lib.mkOverride 90 "PCI:9:0:0"`},
		{"power", hybrid, Overrides{NVIDIA: NVIDIAOverrides{PowerManagement: "finegrained"}},
			"hardware.nvidia.powerManagement.finegrained", "lib.mkOverride 90 true"},
		{"data centre", hybrid, Overrides{NVIDIA: NVIDIAOverrides{DataCenter: ptr(true)}},
			"hardware.nvidia.datacenter.enable", "lib.mkOverride 900 true"},
		{"rocm", amd, Overrides{ROCm: ptr(true)}, "hardware.amdgpu.opencl.enable", "lib.mkDefault true"},
		{"early kms", amd, Overrides{EarlyKMS: ptr(true)}, "hardware.amdgpu.initrd.enable", "lib.mkOverride 900 true"},
		{"early kms of intel", hybrid, Overrides{EarlyKMS: ptr(true)}, "boot.initrd.kernelModules", `[ "i915" ]`},
		{"no early kms", amd, Overrides{}, "hardware.amdgpu.initrd.enable", ""},
		{"no 32 bit", amd, Overrides{Graphics32Bit: ptr(false)}, "hardware.graphics.enable32Bit", ""},
		{"grub by uefi", amd, Overrides{Loader: LoaderOverrides{Kind: "grub"}}, "boot.loader.grub.device",
			`lib.mkDefault "nodev"`},
		{"no systemd-boot then", amd, Overrides{Loader: LoaderOverrides{Kind: "grub"}}, "boot.loader.systemd-boot.enable",
			""},
		{"limine", amd, Overrides{Loader: LoaderOverrides{Kind: "limine"}}, "boot.loader.limine.enable",
			"lib.mkDefault true"},
		{"no loader", amd, Overrides{Loader: LoaderOverrides{Kind: "none"}}, "boot.loader.systemd-boot.enable", ""},
		{"grub's disk", bios, Overrides{Loader: LoaderOverrides{Devices: []string{"/dev/disk/by-id/x"}}},
			"boot.loader.grub.device", `lib.mkDefault "/dev/disk/by-id/x"`},
		{"limit", amd, Overrides{Loader: LoaderOverrides{Limit: 42}}, "boot.loader.systemd-boot.configurationLimit",
			"lib.mkDefault 42"},
		{"mount of the ESP", amd, Overrides{Loader: LoaderOverrides{Mount: "/efi"}}, "boot.loader.efi.efiSysMountPoint",
			`lib.mkDefault "/efi"`},
		{"no file systems", amd, Overrides{FileSystems: "none"}, "fileSystems./.device", ""},
		{"no swap then", amd, Overrides{FileSystems: "none"}, "swapDevices", ""},
		{"ignored mount", bios, Overrides{IgnoreMounts: []string{"/srv"}}, "fileSystems./srv.device", ""},
		{"and its encryption", bios, Overrides{IgnoreMounts: []string{"/srv"}}, "boot.initrd.luks.devices.safe.device", ""},
		{"no firmware", amd, Overrides{Firmware: ptr(false)}, "imports", "[ ]"},
		{"no microcode", amd, Overrides{Microcode: ptr(false)}, "hardware.cpu.amd.updateMicrocode",
			"lib.mkOverride 900 false"},
		{"thermald", amd, Overrides{Thermald: ptr(true)}, "services.thermald.enable", "lib.mkDefault true"},
		{"no thermald, whatever the model says", hybrid, Overrides{Thermald: ptr(false)}, "services.thermald.enable",
			"lib.mkOverride 90 false"},
		{"thermald on ARM", amd, Overrides{System: "aarch64-linux", Thermald: ptr(true)}, "services.thermald.enable", ""},
		{"32 bit on ARM", amd, Overrides{System: "aarch64-linux", Graphics32Bit: ptr(true)}, "hardware.graphics.enable32Bit",
			""},
		{"no agent", vm, Overrides{GuestAgent: ptr(false)}, "services.qemuGuest.enable", ""},
		{"platform", amd, Overrides{System: "aarch64-linux"}, "nixpkgs.hostPlatform", `lib.mkDefault "aarch64-linux"`},
		{"facter", amd, Overrides{Mode: "facter", Report: "./r.json"}, "hardware.facter.reportPath", "./facter.json"},
		{"facter finds the modules", amd, Overrides{Mode: "facter", Report: "./r.json"}, "boot.initrd.availableKernelModules",
			""},
		{"facter keeps file systems", amd, Overrides{Mode: "facter", Report: "./r.json"}, "fileSystems./.fsType", `"ext4"`},
		{"probe instead of keep", machine(t, "nixos-keep"), Overrides{Mode: "probe"}, "fileSystems./.fsType", `"ext4"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := must(t, tt.facts, tt.over)
			if got := value(t, d, tt.option); got != tt.want {
				t.Errorf("%s is %q, want %q", tt.option, got, tt.want)
			}
			if _, err := d.Module(); err != nil {
				t.Errorf("arrange: %v", err)
			}
		})
	}
	modules := must(t, amd, Overrides{InitrdModules: []string{"dm-raid"}, KernelModules: []string{"i2c-dev"}})
	if got := value(t, modules, "boot.initrd.availableKernelModules"); !strings.Contains(got, `"dm-raid"`) ||
		!strings.Contains(got, `"nvme"`) {
		t.Errorf("initrd modules are %s", got)
	}
	if got := value(t, modules, "boot.kernelModules"); got != `[ "kvm-amd" "i2c-dev" ]` {
		t.Errorf("kernel modules are %s", got)
	}
}

// A card that can be unplugged, or that belongs to virtual machines, is not the machine's.
func TestForeignGPUs(t *testing.T) {
	const prime, drivers = "hardware.nvidia.prime.", "services.xserver.videoDrivers"
	intel := PCI{Address: "0000:00:02.0", Vendor: vendorIntel, Device: 0x46a6, Class: 0x030000, BootVGA: true}
	dock := PCI{Address: "0000:05:00.0", Vendor: vendorNVIDIA, Device: 0x2684, Class: 0x030000, Driver: "nvidia",
		Removable: true}
	passed := PCI{Address: "0000:01:00.0", Vendor: vendorNVIDIA, Device: 0x2520, Class: 0x030000, Driver: "vfio-pci"}
	builtIn := passed
	builtIn.Driver = "nvidia"
	grace := passed
	grace.Driver = "nvgrace_gpu_vfio_pci"
	for _, tt := range []struct {
		name   string
		pci    []PCI
		over   Overrides
		option string
		want   string
		warned bool
	}{
		{"an eGPU has no driver", []PCI{intel, dock}, Overrides{}, drivers, "", true},
		{"and no PRIME", []PCI{intel, dock}, Overrides{}, prime + "nvidiaBusId", "", true},
		{"the profile gives it the driver", []PCI{intel, dock}, Overrides{GPU: "nvidia"}, drivers,
			`lib.mkOverride 900 [ "nvidia" ]`, false},
		{"but no bus id", []PCI{intel, dock}, Overrides{GPU: "nvidia"}, prime + "nvidiaBusId", "", false},
		{"unless it asks for PRIME", []PCI{intel, dock}, Overrides{GPU: "nvidia", NVIDIA: NVIDIAOverrides{Prime: "sync"}},
			prime + "allowExternalGpu", "lib.mkOverride 900 true", false},
		{"a card of its own beside one", []PCI{intel, builtIn, dock}, Overrides{}, prime + "nvidiaBusId",
			`lib.mkOverride 900 "PCI:1@0:0:0"`, true},
		{"given to a guest", []PCI{intel, passed}, Overrides{}, drivers, "", true},
		{"by a driver for one device", []PCI{intel, grace}, Overrides{}, drivers, "", true},
		{"and one of two kept", []PCI{intel, passed, dock}, Overrides{}, prime + "intelBusId", "", true},
		{"an AMD one is the kernel's", []PCI{intel,
			{Address: "0000:05:00.0", Vendor: vendorAMD, Device: 0x73bf, Class: 0x030000, Removable: true}},
			Overrides{}, "environment.sessionVariables.LIBVA_DRIVER_NAME", `lib.mkDefault "iHD"`, false},
		{"the model's module gives it none", []PCI{intel, passed}, Overrides{Model: "asus-rog-strix-g513im"}, drivers,
			`lib.mkOverride 900 [ "modesetting" "fbdev" ]`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := card(vendorIntel, 0x46a6)
			f.Product.Chassis, f.PCI = 10, tt.pci
			d := must(t, f, tt.over)
			if got := value(t, d, tt.option); got != tt.want {
				t.Errorf("%s is %q, want %q", tt.option, got, tt.want)
			}
			if len(d.Warnings) > 0 != tt.warned {
				t.Errorf("warnings: %q", d.Warnings)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	hybrid := machine(t, "laptop-hybrid-intel-nvidia")
	for _, tt := range []struct {
		key   string
		facts Facts
		over  Overrides
	}{
		{"mode", hybrid, Overrides{Mode: "guess"}},
		{"mode", hybrid, Overrides{Mode: "keep"}},
		{"mode", machine(t, "nixos-copied-config"), Overrides{Mode: "keep"}},
		{"mode", hybrid, Overrides{Mode: "facter"}},
		{"gpu", hybrid, Overrides{GPU: "voodoo"}},
		{"nvidia.busIds.nvidia", hybrid, Overrides{NVIDIA: NVIDIAOverrides{BusIDs: BusIDs{NVIDIA: "01:00.0"}}}},
		{"nvidia.busIds.intel", hybrid, Overrides{NVIDIA: NVIDIAOverrides{BusIDs: BusIDs{Intel: "PCI:0:2:${x}"}}}},
		{"nvidia.prime", machine(t, "laptop-nvidia-only"), Overrides{NVIDIA: NVIDIAOverrides{Prime: "sync"}}},
		{"nvidia.powerManagement", hybrid, Overrides{NVIDIA: NVIDIAOverrides{PowerManagement: "max"}}},
		{"loader.kind", hybrid, Overrides{Loader: LoaderOverrides{Kind: "lilo"}}},
		{"fileSystems", hybrid, Overrides{FileSystems: "guess"}},
		{"model", hybrid, Overrides{Model: "no-such-model"}},
	} {
		_, err := Decide(tt.facts, tt.over)
		var bad *OverrideError
		if !errors.As(err, &bad) || bad.Key != tt.key {
			t.Errorf("%+v: %v, want an error about %s", tt.over, err, tt.key)
		}
	}
}

// What keeps a machine from booting is told.
func TestBlockers(t *testing.T) {
	noRoot := machine(t, "desktop-amd-rx6800")
	noRoot.Mounts = slices.DeleteFunc(noRoot.Mounts, func(m Mount) bool { return m.Point == "/" })
	for _, tt := range []struct {
		name  string
		facts Facts
		over  Overrides
		want  string
	}{
		{"laptop", machine(t, "laptop-dell-xps-13-9310"), Overrides{}, ""},
		{"kept file", machine(t, "nixos-keep"), Overrides{}, ""},
		{"nspawn", machine(t, "container-nspawn"), Overrides{}, ""},
		{"board", machine(t, "arm-raspberry-pi-4"), Overrides{}, ""},
		{"docker", machine(t, "container-docker"), Overrides{}, "inside a container"},
		{"copied file", machine(t, "nixos-copied-config"), Overrides{}, "no boot loader"},
		{"no root", noRoot, Overrides{}, "no root file system"},
		{"disks elsewhere", noRoot, Overrides{FileSystems: "none"}, ""},
	} {
		got := strings.Join(must(t, tt.facts, tt.over).Blockers, "; ")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The order of the facts' lists decides nothing but the order of lists.
func TestOrderOfFactsIsIrrelevant(t *testing.T) {
	names := machineNames(t)
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.SampledFrom(names).Draw(r, "machine")
		f := machine(t, name)
		want := must(t, f, Overrides{})
		f.PCI = rapid.Permutation(f.PCI).Draw(r, "pci")
		f.Blocks = rapid.Permutation(f.Blocks).Draw(r, "blocks")
		got := must(t, f, Overrides{})
		if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
			r.Fatalf("(-sorted +shuffled):\n%s", diff)
		}
	})
}

// sorted are the settings with the items of each list sorted.
func sorted(d Decision) []string {
	var out []string
	for _, s := range mergeLists(d.settings) {
		text := strings.Fields(display(s.value))
		slices.Sort(text)
		out = append(out, strings.Join(s.path, ".")+" = "+strings.Join(text, " "))
	}
	slices.Sort(out)
	return out
}
