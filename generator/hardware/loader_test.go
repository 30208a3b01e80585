package hardware

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the running NixOS tells its loader is said again, in the type of each option.
func TestSettingsAreKept(t *testing.T) {
	f := machine(t, "nixos-grub-dual-boot")
	f.Loader.Settings = map[string]string{
		"boot.loader.timeout": "-1", "boot.loader.grub.copyKernels": "true", "boot.loader.grub.configurationLimit": "42",
		"boot.loader.grub.splashImage":  "",
		"boot.loader.grub.extraEntries": "menuentry \"a\" {\n  ${b}\n}\n", "boot.loader.grub.extraGrubInstallArgs": "-a\n-b",
		"boot.loader.grub.default":  "saved",
		"security.sudo.extraConfig": "ALL=(ALL) NOPASSWD: ALL", "boot.loader.grub.extraPrepareConfig": "rm -rf /",
	}
	f.Loader.Unread, f.Loader.Files = []string{"boot.loader.grub.theme"}, []string{"memtest.bin"}
	d := must(t, f, Overrides{Model: "none"})
	for option, want := range map[string]string{
		"boot.loader.timeout": "lib.mkDefault null", "boot.loader.grub.copyKernels": "lib.mkDefault true",
		"boot.loader.grub.configurationLimit":   "lib.mkDefault 42",
		"boot.loader.grub.extraEntries":         `lib.mkDefault '' menuentry "a" { ''${b} } ''`,
		"boot.loader.grub.extraGrubInstallArgs": `lib.mkDefault [ "-a" "-b" ]`,
		"boot.loader.grub.default":              `lib.mkDefault "saved"`,
		"boot.loader.grub.splashImage":          "lib.mkOverride 900 null",
		"security.sudo.extraConfig":             "", "boot.loader.grub.extraPrepareConfig": "", // no report sets what is not in the table
	} {
		if got := value(t, d, option); got != want {
			t.Errorf("%s is %s, want %s", option, got, want)
		}
	}
	for _, lost := range []string{"boot.loader.grub.theme", "memtest.bin"} {
		if !slices.ContainsFunc(d.Warnings, func(w string) bool { return strings.Contains(w, lost) }) {
			t.Errorf("no warning names %s: %q", lost, d.Warnings)
		}
	}
	if got := value(t, must(t, f, Overrides{Loader: LoaderOverrides{Limit: 7}}),
		"boot.loader.grub.configurationLimit"); got != "lib.mkDefault 7" {
		t.Errorf("the profile's limit is %s", got)
	}
	other := must(t, f, Overrides{Loader: LoaderOverrides{Kind: "systemd-boot"}})
	if got := value(t, other, "boot.loader.grub.copyKernels"); got != "" {
		t.Errorf("another loader takes over GRUB's settings: %s", got)
	}
}

func TestLoaderIsKept(t *testing.T) {
	uefi, bios := machine(t, "nixos-xbootldr"), machine(t, "nixos-bios-grub")
	board := machine(t, "arm-raspberry-pi-4")
	board.NixOS = "25.11"
	with := func(f Facts, l Loader) Facts { f.Loader = l; return f }
	typed := func(f Facts, name, kind string) Facts { // as another system leaves it
		f.Blocks, f.Loader = slices.Clone(f.Blocks), Loader{}
		for i := range f.Blocks {
			if f.Blocks[i].Name == name {
				f.Blocks[i].PartType = kind
			}
		}
		return f
	}
	mirrors := []Mirror{{Path: "/boot", Devices: []string{"nodev"}, EFI: "/efi"},
		{Path: "/boot2", Devices: []string{"nodev"}, EFI: "/boot2", ID: "Second"}}
	for _, tt := range []struct {
		name         string
		facts        Facts
		option, want string
	}{
		{"xbootldr", uefi, "boot.loader.systemd-boot.xbootldrMountPoint", `lib.mkDefault "/boot"`},
		{"and the ESP", uefi, "boot.loader.efi.efiSysMountPoint", `lib.mkDefault "/efi"`},
		{"xbootldr of another system", with(uefi, Loader{}), "boot.loader.systemd-boot.xbootldrMountPoint",
			`lib.mkDefault "/boot"`},
		{"a partition of another type", typed(uefi, "nvme0n1p2", typeBIOSBoot), "boot.loader.systemd-boot.xbootldrMountPoint",
			""},
		{"by its type", typed(uefi, "nvme0n1p2", typeXBOOTLDR), "boot.loader.systemd-boot.xbootldrMountPoint",
			`lib.mkDefault "/boot"`},
		{"kernels where they are", with(uefi, Loader{Kind: SystemdBoot, Mount: "/efi"}),
			"boot.loader.systemd-boot.xbootldrMountPoint", ""},
		{"room is xbootldr's", with(uefi, Loader{}), "boot.loader.systemd-boot.configurationLimit", "lib.mkDefault 10"},
		{"room is the ESP's", with(uefi, Loader{Kind: SystemdBoot, Mount: "/efi"}),
			"boot.loader.systemd-boot.configurationLimit", "lib.mkDefault 3"},
		{"variables", uefi, "boot.loader.efi.canTouchEfiVariables", "lib.mkDefault true"},
		{"variables left alone", with(uefi, Loader{Kind: SystemdBoot, Mount: "/efi", KeepsVariables: true}),
			"boot.loader.efi.canTouchEfiVariables", ""},
		{"GRUB at the removable path", with(uefi, Loader{Kind: GRUB, EFI: true, Removable: true, Mount: "/efi"}),
			"boot.loader.efi.efiSysMountPoint", `lib.mkDefault "/efi"`},
		{"without variables", with(uefi, Loader{Kind: GRUB, EFI: true, Removable: true, Mount: "/efi"}),
			"boot.loader.efi.canTouchEfiVariables", ""},
		{"entry", with(uefi, Loader{Kind: SystemdBoot, Mount: "/efi", Entries: map[string]string{"own.conf": "title Own"}}),
			"boot.loader.systemd-boot.extraEntries.own.conf", `lib.mkDefault "title Own"`},
		{"entries beside memtest's", with(uefi,
			Loader{Kind: GRUB, EFI: true, Mount: "/efi", Settings: map[string]string{"boot.loader.grub.memtest86.enable": "true",
				"boot.loader.grub.extraEntries": "own"}}),
			"boot.loader.grub.extraEntries", `"own"`},
		{"Windows", with(uefi, Loader{Kind: SystemdBoot, Mount: "/efi",
			Settings: map[string]string{"boot.loader.systemd-boot.windows.11.efiDeviceHandle": "HD0b1"}}),
			"boot.loader.systemd-boot.windows.11.efiDeviceHandle", `lib.mkDefault "HD0b1"`},
		{"limine's limit", with(uefi, Loader{Kind: Limine, Mount: "/efi",
			Settings: map[string]string{"boot.loader.limine.maxGenerations": "15"}}), "boot.loader.limine.maxGenerations",
			"lib.mkDefault 15"},
		{"limine signs", with(uefi, Loader{Kind: Limine, Mount: "/efi",
			Settings: map[string]string{"boot.loader.limine.secureBoot.enable": "true"}}),
			"boot.loader.limine.secureBoot.enable", "lib.mkDefault true"},
		{"mirrors", with(uefi, Loader{Kind: GRUB, EFI: true, Mount: "/efi", Mirrors: mirrors, Devices: []string{"nodev"}}),
			"boot.loader.grub.mirroredBoots",
			`lib.mkDefault [ { path = "/boot"; devices = [ "nodev" ]; efiSysMountPoint = "/efi"; } { path = "/boot2"; devices = [ "nodev" ]; efiBootloaderId = "Second"; } ]`},
		{"and no device then", with(uefi,
			Loader{Kind: GRUB, EFI: true, Mount: "/efi", Mirrors: mirrors, Devices: []string{"nodev"}}),
			"boot.loader.grub.device", ""},
		{"extlinux", with(board, Loader{Kind: ExtLinux,
			Settings: map[string]string{"boot.loader.generic-extlinux-compatible.configurationLimit": "3"}}),
			"boot.loader.generic-extlinux-compatible.configurationLimit", "lib.mkDefault 3"},
		{"extlinux as it comes", with(board, Loader{Kind: ExtLinux}),
			"boot.loader.generic-extlinux-compatible.configurationLimit", ""},
		{"extlinux mirrored", with(board, Loader{Kind: ExtLinux,
			Settings: map[string]string{"boot.loader.generic-extlinux-compatible.mirroredBoots": "/boot1\n/boot2"}}),
			"boot.loader.generic-extlinux-compatible.mirroredBoots",
			`lib.mkDefault [ { path = "/boot1"; } { path = "/boot2"; } ]`},
		{"none", with(bios, Loader{Kind: NoLoader}), "boot.loader.grub.enable", "lib.mkDefault false"},
		{"cryptodisk of another system", with(machine(t, "server-md-lvm-bios"), Loader{}),
			"boot.loader.grub.enableCryptodisk", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := must(t, tt.facts, Overrides{Model: "none"})
			if got := value(t, d, tt.option); got != tt.want {
				t.Errorf("%s is %q, want %q", tt.option, got, tt.want)
			}
			if _, err := d.Module(); err != nil {
				t.Errorf("arrange: %v", err)
			}
		})
	}
}

func TestProfileMovesTheESP(t *testing.T) {
	d := must(t, machine(t, "nixos-xbootldr"), Overrides{Loader: LoaderOverrides{Mount: "/boot"}})
	if got := value(t, d, "boot.loader.systemd-boot.xbootldrMountPoint"); got != "" {
		t.Errorf("two partitions at one place: %s", got)
	}
}

// What a change of loaders, and the absence of one, would surprise with is said.
func TestLoaderWarnings(t *testing.T) {
	grub := machine(t, "nixos-grub-dual-boot")
	none := machine(t, "nixos-xbootldr")
	none.Loader = Loader{Kind: NoLoader}
	for name, tt := range map[string]struct {
		facts Facts
		kind  string
		want  string
	}{
		"from GRUB":      {grub, "systemd-boot", "sudo bootctl install"},
		"as it is":       {grub, "", ""},
		"none":           {none, "", "installs no boot loader"},
		"none is wanted": {none, "none", ""},
		"one is wanted":  {none, "systemd-boot", ""},
	} {
		warnings := slices.DeleteFunc(must(t, tt.facts, Overrides{Loader: LoaderOverrides{Kind: tt.kind}}).Warnings,
			func(w string) bool { return strings.Contains(w, "MiB") })
		if got := strings.Join(warnings, "; "); (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// UEFI of 32 bits starts GRUB only, one of 32 bits.
func TestNarrowFirmware(t *testing.T) {
	f := machine(t, "nixos-xbootldr")
	f.NixOS, f.Loader, f.EFI32 = "", Loader{}, true
	d := must(t, f, Overrides{})
	if got := value(t, d, "boot.loader.grub.forcei686"); got != "lib.mkDefault true" || d.Loader.Kind != GRUB ||
		value(t, d, "boot.loader.systemd-boot.enable") != "" {
		t.Errorf("%s with forcei686 = %q", d.Loader.Kind, got)
	}
	f.System = "i686-linux"
	if got := must(t, f, Overrides{}).Loader.Kind; got != SystemdBoot {
		t.Errorf("a system of 32 bits: %s", got)
	}
}

// GRUB that would read /boot from LUKS is told so, else its installation fails.
func TestCryptodisk(t *testing.T) {
	f := Facts{
		Version: 1, System: "x86_64-linux", Firmware: BIOS,
		Blocks: []Block{
			{Name: "sda", ID: "ata-ONE"}, {Name: "sda1", Disk: "sda", UUID: "a"},
			{Name: "dm-0", DMName: "crypt", DMUUID: "CRYPT-LUKS1-a-crypt", Parts: []string{"sda1"}, UUID: "b"},
			{Name: "dm-1", DMName: "vg-root", DMUUID: "LVM-x", Parts: []string{"dm-0"}, UUID: "c"},
			{Name: "sda2", Disk: "sda", UUID: "d", Size: 1 << 30},
		},
		Mounts: []Mount{{Point: "/", Type: "ext4", Source: "/dev/mapper/vg-root", Root: "/"}},
	}
	if got := value(t, must(t, f, Overrides{}), "boot.loader.grub.enableCryptodisk"); got != "lib.mkDefault true" {
		t.Errorf("/boot in LUKS: %q", got)
	}
	f.Mounts = append(f.Mounts, Mount{Point: "/boot", Type: "ext4", Source: "/dev/sda2", Root: "/"})
	if got := value(t, must(t, f, Overrides{}), "boot.loader.grub.enableCryptodisk"); got != "" {
		t.Errorf("/boot outside of LUKS: %q", got)
	}
}

// Limine for a BIOS is installed on a disk; NixOS's default is UEFI alone.
func TestLimineForBIOS(t *testing.T) {
	d := must(t, machine(t, "vm-kvm-scsi-bios"), Overrides{Loader: LoaderOverrides{Kind: "limine"}})
	for option, want := range map[string]string{
		"boot.loader.limine.efiSupport": "lib.mkDefault false", "boot.loader.limine.biosSupport": "lib.mkDefault true",
		"boot.loader.limine.biosDevice": `lib.mkDefault "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi0-0-0-0"`,
	} {
		if got := value(t, d, option); got != want {
			t.Errorf("%s is %q, want %q", option, got, want)
		}
	}
	if got := value(t, must(t, machine(t, "desktop-amd-rx6800"), Overrides{Loader: LoaderOverrides{Kind: "limine"}}),
		"boot.loader.limine.biosSupport"); got != "" {
		t.Errorf("for UEFI: %q", got)
	}
}

// A loader has a place, or the switch is refused.
func TestPlaceOfLoader(t *testing.T) {
	bare := machine(t, "laptop-esp-not-mounted")
	change := func(f Facts, with func(*Facts)) Facts {
		f.Mounts, f.Blocks = slices.Clone(f.Mounts), slices.Clone(f.Blocks)
		with(&f)
		return f
	}
	esp := Mount{Point: "/boot", Type: "vfat", Source: "/dev/nvme0n1p1", Number: "259:1", Root: "/"}
	auto := Mount{Point: "/boot", Type: "autofs", Source: "systemd-1", Root: "/"}
	kept := func(text string) func(*Facts) {
		return func(f *Facts) {
			f.NixOS, f.Mounts = "25.11", append(f.Mounts, auto)
			f.Existing = &ExistingFile{Path: "/etc/nixos/hardware-configuration.nix",
				Text: `{ fileSystems."/" = { device = "/dev/disk/by-uuid/6f9e2a34-1111-4b5c-9d2e-0a1b2c3d4e5f"; };` + text + "}"}
		}
	}
	mirrored := Loader{Kind: GRUB, EFI: true, Mount: "/boot", Mirrors: []Mirror{{Path: "/boot", EFI: "/boot"},
		{Path: "/boot2", EFI: "/boot2"}}}
	gpt := Facts{
		Version: 1, System: "x86_64-linux", Firmware: BIOS,
		Mounts: []Mount{{Point: "/", Type: "ext4", Source: "/dev/sda1", Root: "/"}},
		Blocks: []Block{{Name: "sda", ID: "ata-ONE", Table: "gpt"},
			{Name: "sda1", Disk: "sda", UUID: "u", Size: 100 << 30, FSType: "ext4"}},
	}
	for name, tt := range map[string]struct {
		facts Facts
		over  Overrides
		want  string // in a blocker; "" is none
	}{
		"no ESP": {bare, Overrides{},
			"no EFI system partition is mounted at /boot: mount /dev/nvme0n1p1 (953 MiB)"},
		"mounted":           {change(bare, func(f *Facts) { f.Mounts = append(f.Mounts, esp) }), Overrides{}, ""},
		"for GRUB":          {bare, Overrides{Loader: LoaderOverrides{Kind: "grub"}}, "no EFI system partition is mounted"},
		"for Limine":        {bare, Overrides{Loader: LoaderOverrides{Kind: "limine"}}, "no EFI system partition is mounted"},
		"for none":          {bare, Overrides{Loader: LoaderOverrides{Kind: "none"}}, ""},
		"disko mounts it":   {bare, Overrides{FileSystems: "none"}, ""},
		"the profile knows": {bare, Overrides{Loader: LoaderOverrides{Mount: "/efi"}}, ""},
		"no candidate": {change(bare, func(f *Facts) { f.Blocks[1].UUID = "" }), Overrides{},
			"none of the partitions looks like one"},
		"by its type": {change(bare, func(f *Facts) { f.Blocks[2].PartType = typeESP }), Overrides{},
			"mount /dev/nvme0n1p2"},
		"something else is mounted": {change(bare, func(f *Facts) {
			f.Mounts = append(f.Mounts, Mount{Point: "/boot", Type: "ext4", Source: "/dev/nvme0n1p1"})
		}), Overrides{}, "no EFI system partition"},
		"mounted on demand": {change(bare, func(f *Facts) { f.Mounts = append(f.Mounts, auto) }), Overrides{},
			"/boot is mounted on demand and was not mounted during the probe"},
		"a kept file mounts it": {change(bare, kept(`fileSystems."/boot" = { fsType = "vfat"; };`)), Overrides{}, ""},
		"a kept file does not":  {change(bare, kept("")), Overrides{}, "/boot is mounted on demand"},
		"a mirror is missing": {change(bare, func(f *Facts) {
			f.NixOS, f.Mounts, f.Loader = "25.11", append(f.Mounts, esp),
				mirrored
		}), Overrides{}, "mounted at /boot2"},
		"the ESP elsewhere": {change(bare,
			func(f *Facts) { f.Mounts = append(f.Mounts, esp); f.Loader = Loader{Kind: SystemdBoot, Mount: "/efi"} }),
			Overrides{}, "mounted at /efi"},
		"Secure Boot": {change(bare, func(f *Facts) { f.Mounts, f.SecureBoot = append(f.Mounts, esp), true }),
			Overrides{}, "Secure Boot is on"},
		"Secure Boot with Limine": {change(bare, func(f *Facts) {
			f.Mounts, f.SecureBoot, f.Loader = append(f.Mounts, esp), true,
				Loader{Kind: Limine, Settings: map[string]string{"boot.loader.limine.secureBoot.enable": "true"}}
		}), Overrides{}, ""},
		"GPT for a BIOS": {gpt, Overrides{}, "/dev/disk/by-id/ata-ONE has a GPT without a BIOS boot partition"},
		"by the partition's id": {change(gpt, func(f *Facts) {
			f.Blocks[0].Table, f.Blocks[1].PartUUID = "",
				"0c5a3f3e-0000-4000-8000-000000000001"
		}), Overrides{}, "without a BIOS boot partition"},
		"by its name": {change(gpt, func(f *Facts) { f.Blocks[0].Table, f.Blocks[1].PartLabel = "", "root" }),
			Overrides{}, "without a BIOS boot partition"},
		"with one": {change(gpt, func(f *Facts) {
			f.Blocks = append(f.Blocks, Block{Name: "sda2", Disk: "sda", Size: mib, PartType: typeBIOSBoot})
		}), Overrides{}, ""},
		"that looks like one": {change(gpt,
			func(f *Facts) { f.Blocks = append(f.Blocks, Block{Name: "sda2", Disk: "sda", Size: mib}) }), Overrides{}, ""},
		"on another disk": {change(gpt, func(f *Facts) {
			f.Blocks = append(f.Blocks, Block{Name: "sdb2", Disk: "sdb", Size: mib, PartType: typeBIOSBoot})
		}), Overrides{}, "without a BIOS boot partition"},
		"an MBR": {change(gpt, func(f *Facts) {
			f.Blocks[0].Table, f.Blocks[1].PartUUID = "dos",
				"0c5a3f3e-01"
		}), Overrides{}, ""},
		"a GRUB that boots": {change(gpt, func(f *Facts) {
			f.NixOS, f.Loader = "25.11",
				Loader{Kind: GRUB, Devices: []string{"/dev/sda"}}
		}), Overrides{}, ""},
		"a named disk with GPT": {change(gpt, func(f *Facts) {}),
			Overrides{Loader: LoaderOverrides{Devices: []string{"/dev/sda"}}}, "/dev/sda has a GPT"},
		"unknown disk is let be": {gpt, Overrides{Loader: LoaderOverrides{Devices: []string{"/dev/sdz"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := must(t, tt.facts, tt.over).Blockers
			if (tt.want == "") != (len(got) == 0) || tt.want != "" && !strings.Contains(strings.Join(got, "; "), tt.want) {
				t.Errorf("blockers are %q, want %q", got, tt.want)
			}
		})
	}
}

// Where the ESP is: by its type, else at the usual places.
func TestESPMount(t *testing.T) {
	fat := func(point, device string) Mount {
		return Mount{Point: point, Type: "vfat", Source: "/dev/" + device, Root: "/"}
	}
	for name, tt := range map[string]struct {
		mounts []Mount
		typed  string
		want   string
	}{
		"one":                   {[]Mount{fat("/boot", "sda1")}, "", "/boot"},
		"two":                   {[]Mount{fat("/boot", "sda1"), fat("/efi", "sda2")}, "", "/efi"},
		"two, by type":          {[]Mount{fat("/boot", "sda1"), fat("/efi", "sda2")}, "sda1", "/boot"},
		"at a place of its own": {[]Mount{fat("/boot/esp", "sda1")}, "sda1", "/boot/esp"},
		"a stick's":             {[]Mount{fat("/run/media/ada/EFI", "sda1")}, "sda1", ""},
		"data":                  {[]Mount{fat("/srv", "sda1")}, "", ""},
	} {
		f := Facts{Version: 1, System: "x86_64-linux", Firmware: UEFI, Mounts: tt.mounts,
			Blocks: []Block{{Name: "sda1", Disk: "sda"}, {Name: "sda2", Disk: "sda"}}}
		for i := range f.Blocks {
			if f.Blocks[i].Name == tt.typed {
				f.Blocks[i].PartType = typeESP
			}
		}
		if got := must(t, f, Overrides{}).Loader.Mount; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Machines that the release's own kernel does not serve.
func TestOwnKernel(t *testing.T) {
	pc := machine(t, "desktop-amd-rx6800")
	product := func(system, vendor, name string, compatible ...string) Facts {
		f := pc
		f.System, f.Product = system, Product{Vendor: vendor, Name: name, Compatible: compatible}
		return f
	}
	bridge := pc
	bridge.PCI = append(slices.Clone(pc.PCI), PCI{Address: "0000:02:00.1", Vendor: vendorApple, Device: 0x1801,
		Class: 0x088000})
	m1n1OnDisk := pc
	m1n1OnDisk.Loader = Loader{Kind: SystemdBoot, Files: []string{M1N1}}
	guest := product("aarch64-linux", "Apple Inc.", "Apple Virtualization Generic Platform")
	guest.Virtualization = "apple"
	for name, tt := range map[string]struct {
		facts Facts
		model string
		want  string
	}{
		"the case": {machine(t, "laptop-apple-silicon"), "", "nixos-apple-silicon"},
		"by device tree": {product("aarch64-linux", "", "Apple Mac mini (M2)", "apple,j473", "apple,t8112",
			"apple,arm-platform"), "", "nixos-apple-silicon"},
		"by the firmware's names": {product("aarch64-linux", "Apple Inc.", "Apple MacBook Air (13-inch, M2, 2022)"), "",
			"nixos-apple-silicon"},
		"by m1n1":            {m1n1OnDisk, "", "nixos-apple-silicon"},
		"the user knows":     {machine(t, "laptop-apple-silicon"), "none", ""},
		"a guest on one":     {guest, "", ""},
		"T2":                 {product("x86_64-linux", "Apple Inc.", "MacBookPro16,1"), "", "apple-t2"},
		"T2 by its bridge":   {bridge, "", "apple-t2"},
		"T2 with its kernel": {product("x86_64-linux", "Apple Inc.", "MacBookPro16,1"), "apple-t2", ""},
		"before T2":          {product("x86_64-linux", "Apple Inc.", "MacBookPro14,1"), "", ""},
		"another board": {product("aarch64-linux", "", "Raspberry Pi 5", "raspberrypi,5-model-b", "brcm,bcm2712"),
			"", ""},
	} {
		d := must(t, tt.facts, Overrides{Model: tt.model})
		if got := strings.Join(d.Blockers, "; "); (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if got := value(t, must(t, machine(t, "laptop-apple-silicon"), Overrides{Model: "none"}),
		"boot.loader.efi.canTouchEfiVariables"); got != "" {
		t.Errorf("the variables of Apple Silicon are touched: %s", got)
	}
}

// A container gets the profile that it has, or is refused with what to do.
func TestContainers(t *testing.T) {
	for name, tt := range map[string]struct {
		in           string
		loader       Loader
		option, want string
		blocked      string
	}{
		"nspawn": {"systemd-nspawn", Loader{}, "boot.isNspawnContainer", "lib.mkDefault true", ""},
		"LXC":    {"lxc", Loader{}, "imports", `[ (modulesPath + "/virtualisation/lxc-container.nix") ]`, ""},
		"Incus": {"lxc", Loader{Kind: OtherLoader, Program: LXCContainer}, "imports",
			`[ (modulesPath + "/virtualisation/lxc-container.nix") ]`, ""},
		"Proxmox": {"lxc", Loader{Kind: OtherLoader, Program: InitScript}, "imports",
			`[ (modulesPath + "/virtualisation/proxmox-lxc.nix") ]`, ""},
		"plain LXC":         {"lxc", Loader{Kind: NoLoader}, "boot.isContainer", "lib.mkDefault true", ""},
		"libvirt's LXC":     {"lxc-libvirt", Loader{}, "boot.isContainer", "lib.mkDefault true", ""},
		"WSL":               {"wsl", Loader{Kind: NoLoader}, "boot.isContainer", "", "NixOS-WSL"},
		"Docker":            {"docker", Loader{}, "boot.isContainer", "", "inside a container (docker)"},
		"no loader in them": {"lxc", Loader{Kind: GRUB, Devices: []string{"/dev/sda"}}, "boot.loader.grub.enable", "", ""},
	} {
		f := Facts{Version: 1, System: "x86_64-linux", NixOS: "25.11", Virtualization: tt.in, Loader: tt.loader,
			Mounts: []Mount{{Point: "/", Type: "ext4", Source: "/dev/sda1", Root: "/"}}}
		d := must(t, f, Overrides{})
		if got := value(t, d, tt.option); got != tt.want {
			t.Errorf("%s: %s is %s, want %s", name, tt.option, got, tt.want)
		}
		if got := strings.Join(d.Blockers, "; "); (tt.blocked == "") != (got == "") || !strings.Contains(got, tt.blocked) {
			t.Errorf("%s: blocked by %q, want %q", name, got, tt.blocked)
		}
	}
	vm := machine(t, "vm-kvm-virtio")
	vm.VirtioPorts = []string{"org.linuxcontainers.incus"}
	if got := value(t, must(t, vm, Overrides{}), "virtualisation.incus.agent.enable"); got != "lib.mkDefault true" {
		t.Errorf("Incus' agent is %q", got)
	}
}

// Every option that is taken over is one of NixOS.
func TestSettingsAreOptions(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "nixtest", "testdata", "nixpkgs", "nixos", "declared.json"))
	if err != nil {
		t.Fatal(err)
	}
	var declared any
	if err := json.Unmarshal(data, &declared); err != nil {
		t.Fatal(err)
	}
	for option := range loaderOptions().Kinds {
		if strings.HasPrefix(option, "hardware.deviceTree.") {
			continue // not among the families of the list
		}
		at := declared
		for part := range strings.SplitSeq(option, ".") {
			set, _ := at.(map[string]any)
			at = set[part]
		}
		if at == nil {
			t.Errorf("NixOS has no option %s", option)
		}
	}
}
