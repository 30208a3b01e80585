package hardware

import (
	"encoding/json"
	"fmt"
	"io"
)

// Version is the version of the report's format. A reader refuses a newer one.
const Version = 1

// Facts are what is known about a machine's hardware. Every list is sorted, so
// the same machine gives the same bytes in whichever order its kernel lists it.
// Serial numbers and MAC addresses are absent unless they were asked for.
type Facts struct {
	Version int `json:"version"`
	// System is the platform as Nix names it: x86_64-linux.
	System string `json:"system,omitempty"`
	// NixOS is the version of the NixOS that runs, empty on another system.
	NixOS string `json:"nixos,omitempty"`

	Product Product `json:"product,omitzero"`
	// Firmware is what booted the machine: uefi, bios or devicetree.
	Firmware Firmware `json:"firmware,omitempty"`
	// EFIVariables tells whether the firmware's variables can be reached,
	// SecureBoot whether it starts only what is signed.
	EFIVariables bool `json:"efiVariables,omitempty"`
	SecureBoot   bool `json:"secureBoot,omitempty"`
	// EFI32 tells that UEFI is one of 32 bits, which starts no loader of 64 bits.
	EFI32 bool `json:"efi32,omitempty"`
	// Virtualization is what the machine runs in, as systemd-detect-virt(1)
	// names it; empty on bare metal.
	Virtualization string `json:"virtualization,omitempty"`
	// Battery tells whether a battery powers the machine.
	Battery bool `json:"battery,omitempty"`

	CPU CPU `json:"cpu,omitzero"`
	// Memory is MemTotal of /proc/meminfo in bytes.
	Memory uint64 `json:"memory,omitempty"`

	PCI []PCI `json:"pci,omitempty"`
	USB []USB `json:"usb,omitempty"`
	// VirtioPorts are the names of the guest's serial ports to its host.
	VirtioPorts []string `json:"virtioPorts,omitempty"`

	Blocks []Block `json:"blocks,omitempty"`
	// MMC are the modules of the controllers for SD cards and eMMC.
	MMC    []string `json:"mmc,omitempty"`
	Mounts []Mount  `json:"mounts,omitempty"`
	Swaps  []Swap   `json:"swaps,omitempty"`
	// Unmounted are the lines of /etc/fstab for what is not mounted now.
	Unmounted []Mount `json:"unmounted,omitempty"`
	// Crypttab are the lines of /etc/crypttab (crypttab(5)), which open what the initrd did not.
	Crypttab []CryptLine `json:"crypttab,omitempty"`
	// Parameters are those of the running kernel that are about swap: resume,
	// resume_offset and zswap's.
	Parameters []string `json:"parameters,omitempty"`
	// HostID is the number by which ZFS knows who uses a pool, eight hex digits.
	// It is read only where ZFS is in use.
	HostID string `json:"hostId,omitempty"`

	// Loader is the boot loader of the NixOS that runs.
	Loader Loader `json:"loader,omitzero"`
	// Existing is the hardware-configuration.nix that the machine has.
	Existing *ExistingFile `json:"existing,omitempty"`
	// MACs are the addresses of the network interfaces, by name, only if asked for.
	MACs map[string]string `json:"macs,omitempty"`
}

// Firmware is what starts a machine.
type Firmware string

// What starts a machine.
const (
	UEFI       Firmware = "uefi"
	BIOS       Firmware = "bios"
	DeviceTree Firmware = "devicetree"
)

// Product is who made the machine and what they call it: /sys/class/dmi/id,
// or the device tree's model and compatible.
type Product struct {
	Vendor  string `json:"vendor,omitempty"`
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	Family  string `json:"family,omitempty"`
	SKU     string `json:"sku,omitempty"`

	BoardVendor string `json:"boardVendor,omitempty"`
	Board       string `json:"board,omitempty"`
	BIOSVendor  string `json:"biosVendor,omitempty"`
	// Chassis is the type of SMBIOS 3.7, section 7.4.1; 0 is unknown.
	Chassis int `json:"chassis,omitempty"`
	// Compatible are the device tree's names, the most specific first.
	Compatible []string `json:"compatible,omitempty"`
	Serial     string   `json:"serial,omitempty"`
}

// CPU is the first processor of /proc/cpuinfo.
type CPU struct {
	// Vendor is GenuineIntel, AuthenticAMD, …; empty on ARM.
	Vendor string `json:"vendor,omitempty"`
	Name   string `json:"name,omitempty"`
	Family int    `json:"family,omitempty"`
	Model  int    `json:"model,omitempty"`
	// Threads is the number of processors that Linux schedules on.
	Threads int `json:"threads,omitempty"`
	// VMX and SVM tell whether it can run virtual machines (Intel, AMD).
	VMX bool `json:"vmx,omitempty"`
	SVM bool `json:"svm,omitempty"`
	// Hypervisor is the CPUID flag that a virtual machine sees.
	Hypervisor bool `json:"hypervisor,omitempty"`
}

// PCI is a device of /sys/bus/pci/devices.
type PCI struct {
	// Address is domain:bus:device.function in hex, such as 0000:01:00.0.
	Address   string `json:"address"`
	Vendor    ID     `json:"vendor"`
	Device    ID     `json:"device"`
	SubVendor ID     `json:"subvendor,omitempty"`
	SubDevice ID     `json:"subdevice,omitempty"`
	Class     Class  `json:"class"`
	// Driver is the bound driver, Module the kernel module that holds it; a
	// driver that is built into the kernel has no module.
	Driver   string `json:"driver,omitempty"`
	Module   string `json:"module,omitempty"`
	Modalias string `json:"modalias,omitempty"`
	// BootVGA marks the card that the firmware showed its picture on.
	BootVGA bool `json:"bootVga,omitempty"`
	// Removable marks a device that can be unplugged, as behind Thunderbolt
	// (Linux, Documentation/ABI/testing/sysfs-devices-removable).
	Removable bool `json:"removable,omitempty"`
	// NUMA is the node, where the machine has several.
	NUMA *int `json:"numa,omitempty"`
}

// USB is an interface of /sys/bus/usb/devices.
type USB struct {
	// Address is bus-port.port:configuration.interface, such as 1-4.2:1.0.
	Address  string `json:"address"`
	Vendor   ID     `json:"vendor,omitempty"`
	Product  ID     `json:"product,omitempty"`
	Class    uint8  `json:"class"`
	SubClass uint8  `json:"subclass"`
	Protocol uint8  `json:"protocol"`
	Driver   string `json:"driver,omitempty"`
	Module   string `json:"module,omitempty"`
}

// Block is a block device of /sys/class/block.
type Block struct {
	// Name is the kernel's, such as nvme0n1p2.
	Name string `json:"name"`
	// Number is major:minor.
	Number string `json:"number,omitempty"`
	// Size is in bytes.
	Size      uint64 `json:"size,omitempty"`
	Removable bool   `json:"removable,omitempty"`
	// Disk is the disk that a partition is on.
	Disk string `json:"disk,omitempty"`
	// Parts are the devices it is made of (dm, md, bcache).
	Parts []string `json:"parts,omitempty"`
	// Modules are the kernel modules of the devices above it, nearest first.
	Modules []string `json:"modules,omitempty"`
	// USB tells whether it is reached over USB.
	USB bool `json:"usb,omitempty"`

	// DMName and DMUUID are the device mapper's; the uuid starts with its kind
	// (CRYPT-LUKS2-…, LVM-…).
	DMName string `json:"dmName,omitempty"`
	DMUUID string `json:"dmUuid,omitempty"`
	// Discards tells of a device of dm-crypt whether it lets the disk know what is free.
	Discards bool `json:"discards,omitempty"`
	// MDLevel is the RAID level of an md device (raid1, …).
	MDLevel string `json:"mdLevel,omitempty"`
	// Backing is the file behind a loop device.
	Backing string `json:"backing,omitempty"`

	// UUID, Label and PartUUID are the names of its content and of the
	// partition, from /dev/disk.
	UUID     string `json:"uuid,omitempty"`
	Label    string `json:"label,omitempty"`
	PartUUID string `json:"partUuid,omitempty"`
	// PartLabel is the partition's own name, which only GPT has.
	PartLabel string `json:"partLabel,omitempty"`
	// PartType is the type of a partition (a GUID on GPT), Table the kind of a
	// disk's partition table and FSType the content, as udev knows them.
	PartType string `json:"partType,omitempty"`
	Table    string `json:"table,omitempty"`
	FSType   string `json:"fsType,omitempty"`
	// ID is the link below /dev/disk/by-id. It holds the serial number and is
	// read only for disks that a boot loader must name, on machines without UEFI.
	ID string `json:"id,omitempty"`
}

// Mount is a line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
type Mount struct {
	Point  string `json:"point"`
	Type   string `json:"type"`
	Source string `json:"source"`
	// Number is major:minor, the same for all mounts of a file system.
	Number string `json:"number"`
	// Root is the folder of the file system that is mounted.
	Root string `json:"root"`
	// Options are per mount, Super those of the file system.
	Options []string `json:"options,omitempty"`
	Super   []string `json:"super,omitempty"`
	// Fstab are the options of the line for it in /etc/fstab, where a person, or
	// NixOS, wrote them. A password among them is left out.
	Fstab []string `json:"fstab,omitempty"`
	// FstabType and FstabSource are the type and the source there, where they differ:
	// ntfs-3g of what the kernel calls fuseblk.
	FstabType   string `json:"fstabType,omitempty"`
	FstabSource string `json:"fstabSource,omitempty"`
	// Password tells that the line holds one.
	Password bool `json:"password,omitempty"`
}

// CryptLine is an encrypted device that is opened after the start of the initrd.
type CryptLine struct {
	Name string `json:"name"`
	// Key is the path of the file with the key, "" where somebody types it.
	Key     string `json:"key,omitempty"`
	Options string `json:"options,omitempty"`
}

// Swap is a line of /proc/swaps.
type Swap struct {
	Path string `json:"path"`
	// Type is partition or file.
	Type string `json:"type"`
	// Block is the device's kernel name where it is one.
	Block string `json:"block,omitempty"`
	// Priority is the one that somebody gave it, above 0; the kernel gives negative ones.
	Priority int `json:"priority,omitempty"`
}

// Loader is a boot loader.
type Loader struct {
	Kind LoaderKind `json:"kind,omitempty"`
	// Program is what installs a loader of the kind other: lanzaboote, rEFInd, or
	// the name of a program that is not known.
	Program string `json:"program,omitempty"`
	// Devices are where GRUB is installed for BIOS: paths, or nodev.
	Devices []string `json:"devices,omitempty"`
	// EFI tells whether GRUB is installed for UEFI, Removable whether at the
	// path of removable media.
	EFI       bool `json:"efi,omitempty"`
	Removable bool `json:"removable,omitempty"`
	// Mount is where the EFI system partition is mounted.
	Mount string `json:"mount,omitempty"`
	// XBOOTLDR is where systemd-boot keeps kernels if not there: the mount point
	// of the extended boot loader partition.
	XBOOTLDR string `json:"xbootldr,omitempty"`
	// KeepsVariables tells that NixOS leaves the firmware's variables alone:
	// boot.loader.efi.canTouchEfiVariables is off.
	KeepsVariables bool `json:"keepsVariables,omitempty"`
	// Mirrors are boot.loader.grub.mirroredBoots, where they are more than Devices.
	Mirrors []Mirror `json:"mirrors,omitempty"`
	// Settings are options that are not at their default, with the value that the
	// installer was given.
	Settings map[string]string `json:"settings,omitempty"`
	// Entries are boot.loader.systemd-boot.extraEntries.
	Entries map[string]string `json:"entries,omitempty"`
	// Files are copied beside the kernels: extraFiles, without those of Settings.
	Files []string `json:"files,omitempty"`
	// Unread are options that hold what an installer does not tell, or what does
	// not belong in a configuration: files of the store, commands, passwords.
	Unread []string `json:"unread,omitempty"`
}

// Mirror is a place that GRUB is installed to: an item of boot.loader.grub.mirroredBoots.
type Mirror struct {
	Path    string   `json:"path"`
	Devices []string `json:"devices,omitempty"`
	// EFI is the mount point of its EFI system partition, ID its name in the
	// firmware's menu if it is not NixOS's own.
	EFI string `json:"efi,omitempty"`
	ID  string `json:"id,omitempty"`
}

// LoaderKind names a boot loader.
type LoaderKind string

// The boot loaders that can be told apart. The first four are set up; other is
// installed by Loader.Program.
const (
	SystemdBoot LoaderKind = "systemd-boot"
	GRUB        LoaderKind = "grub"
	ExtLinux    LoaderKind = "extlinux"
	Limine      LoaderKind = "limine"
	NoLoader    LoaderKind = "none"
	OtherLoader LoaderKind = "other"
)

// Programs of the kind other that tell which profile of nixpkgs a container has:
// lxc-container.nix its own, proxmox-lxc.nix boot.loader.initScript.
const (
	LXCContainer = "lxc-container.nix"
	InitScript   = "initScript"
)

// ExistingFile is a hardware-configuration.nix found on the machine.
type ExistingFile struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// Read reads a report and checks its version.
func Read(r io.Reader) (Facts, error) {
	var f Facts
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return Facts{}, fmt.Errorf("read hardware report: %w", err)
	}
	if f.Version < 1 || f.Version > Version {
		return Facts{}, fmt.Errorf("read hardware report: version %d, this program reads 1 to %d", f.Version, Version)
	}
	return f, nil
}
