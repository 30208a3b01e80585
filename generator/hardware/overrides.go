package hardware

import "fmt"

// Overrides are the choices of the profile, its key hardware. The zero value
// leaves every decision to the facts. Schema: schema/hardware.json.
type Overrides struct {
	// Release is the NixOS release that the decisions are for, release.Default() where it is empty.
	Release string `json:"-"`
	// System is the platform; the caller sets it where the profile names one.
	System string `json:"-"`

	// Mode is probe, keep or facter. Without it an existing file is kept if it
	// is sane, and otherwise the machine is probed.
	Mode string `json:"mode,omitempty"`
	// Report is the path of a report of nixos-facter, for mode facter.
	Report string `json:"report,omitempty"`

	// GPU is auto, none, intel, amd, nvidia or nouveau.
	GPU    string          `json:"gpu,omitempty"`
	NVIDIA NVIDIAOverrides `json:"nvidia,omitzero"`
	// ROCm adds AMD's OpenCL; EarlyKMS loads the graphics driver in the initrd;
	// Graphics32Bit adds the 32-bit drivers that Steam and Wine want.
	ROCm          *bool `json:"rocm,omitempty"`
	EarlyKMS      *bool `json:"earlyKms,omitempty"`
	Graphics32Bit *bool `json:"graphics32Bit,omitempty"`

	Loader LoaderOverrides `json:"loader,omitzero"`

	// FileSystems is probe or none.
	FileSystems string `json:"fileSystems,omitempty"`
	// IgnoreMounts are mount points to leave out.
	IgnoreMounts []string `json:"ignoreMounts,omitempty"`

	// Model is auto, none, or the name of a module of nixos-hardware.
	Model string `json:"model,omitempty"`

	Firmware   *bool `json:"firmware,omitempty"`
	Microcode  *bool `json:"microcode,omitempty"`
	Thermald   *bool `json:"thermald,omitempty"`
	GuestAgent *bool `json:"guestAgent,omitempty"`

	// InitrdModules and KernelModules come on top of the probed ones.
	InitrdModules []string `json:"initrdModules,omitempty"`
	KernelModules []string `json:"kernelModules,omitempty"`
}

// NVIDIAOverrides are the choices about NVIDIA cards.
type NVIDIAOverrides struct {
	// Open chooses the open kernel modules.
	Open *bool `json:"open,omitempty"`
	// Branch is an attribute of nvidiaPackages.
	Branch string `json:"branch,omitempty"`
	// Prime is auto, off, offload, sync or reverse-sync.
	Prime  string `json:"prime,omitempty"`
	BusIDs BusIDs `json:"busIds,omitzero"`
	// PowerManagement is off, on or finegrained.
	PowerManagement string `json:"powerManagement,omitempty"`
	DataCenter      *bool  `json:"dataCenter,omitempty"`
}

// BusIDs are the bus ids for PRIME, PCI:bus@domain:device:function in decimal.
type BusIDs struct {
	NVIDIA string `json:"nvidia,omitempty"`
	Intel  string `json:"intel,omitempty"`
	AMD    string `json:"amd,omitempty"`
}

// LoaderOverrides are the choices about the boot loader.
type LoaderOverrides struct {
	// Kind is auto, systemd-boot, grub, extlinux, limine or none.
	Kind string `json:"kind,omitempty"`
	// Devices are where GRUB goes on a machine without UEFI.
	Devices []string `json:"devices,omitempty"`
	// Mount is where the EFI system partition is mounted.
	Mount string `json:"mount,omitempty"`
	// Limit is the number of generations in the menu.
	Limit int `json:"limit,omitempty"`
}

// OverrideError says that a choice of the profile cannot be followed.
type OverrideError struct {
	// Key is the place below hardware, such as nvidia.prime.
	Key string
	Why string
}

func (e *OverrideError) Error() string { return fmt.Sprintf("hardware.%s: %s", e.Key, e.Why) }
