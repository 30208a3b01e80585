package probe

import (
	"path"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// readUSB reads the interfaces below /sys/bus/usb/devices; devices have names
// without a colon.
func readUSB(t *tree, _ Options, f *hardware.Facts) {
	const dir = "sys/bus/usb/devices"
	for _, name := range t.list(dir, false) {
		device, _, ok := strings.Cut(name, ":")
		if !ok {
			continue
		}
		at := path.Join(dir, name)
		u := hardware.USB{
			Address: name, Vendor: hardware.ID(t.optionalHex(path.Join(dir, device, "idVendor"), 16)),
			Product: hardware.ID(t.optionalHex(path.Join(dir, device, "idProduct"), 16)),
		}
		class, ok1 := t.hex(at+"/bInterfaceClass", 8)
		sub, ok2 := t.hex(at+"/bInterfaceSubClass", 8)
		protocol, ok3 := t.hex(at+"/bInterfaceProtocol", 8)
		if !ok1 || !ok2 || !ok3 {
			continue
		}
		u.Class, u.SubClass, u.Protocol = uint8(class), uint8(sub), uint8(protocol)
		u.Driver, u.Module = t.driver(at)
		f.USB = append(f.USB, u)
	}
}
