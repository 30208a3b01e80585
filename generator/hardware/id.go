package hardware

import (
	"fmt"
	"strconv"
)

// ID is a PCI or USB vendor or device id. It is written as four hex digits.
type ID uint16

// String returns four lower-case hex digits, as in pci.ids.
func (id ID) String() string { return fmt.Sprintf("%04x", uint16(id)) }

// MarshalText implements [encoding.TextMarshaler].
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ID) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 16, 16)
	if err != nil {
		return fmt.Errorf("id %q is not four hex digits", b)
	}
	*id = ID(n)
	return nil
}

// Class is a PCI class: base class, subclass, programming interface. It is
// written as six hex digits.
type Class uint32

// String returns six lower-case hex digits.
func (c Class) String() string { return fmt.Sprintf("%06x", uint32(c)) }

// Base returns the base class, such as 0x03 for display controllers.
func (c Class) Base() uint8 { return uint8(c >> 16) }

// Sub returns base class and subclass, such as 0x0108 for NVMe.
func (c Class) Sub() uint16 { return uint16(c >> 8) }

// MarshalText implements [encoding.TextMarshaler].
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (c *Class) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 16, 24)
	if err != nil {
		return fmt.Errorf("class %q is not six hex digits", b)
	}
	*c = Class(n)
	return nil
}

// Vendors that decisions are made about (pci.ids).
const (
	vendorAMD      ID = 0x1002
	vendorIntel    ID = 0x8086
	vendorNVIDIA   ID = 0x10de
	vendorApple    ID = 0x106b
	vendorBroadcom ID = 0x14e4
	vendorRedHat   ID = 0x1af4 // of virtio
)
