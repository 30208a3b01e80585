package hardware

import (
	"fmt"
	"strconv"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

var (
	addressPattern = lazyregexp.New(`^([0-9a-fA-F]{4,8}):([0-9a-fA-F]{2}):([0-9a-fA-F]{2})\.([0-7])$`)
	// busIDPattern is the type of hardware.nvidia.prime.*BusId in nixpkgs, which
	// takes one more than it should: any printable text for PCI.
	busIDPattern = lazyregexp.New(`^PCI:[0-9]{1,3}(@[0-9]{1,10})?:[0-9]{1,2}:[0-9]$`)
)

// BusID converts a PCI address as sysfs gives it, 0000:0a:00.0, all hex, to
// what the options of PRIME want: PCI:10@0:0:0, all decimal, with the bus before
// the domain.
func BusID(address string) (string, error) {
	m := addressPattern.FindStringSubmatch(address)
	if m == nil {
		return "", fmt.Errorf("%q is not a PCI address", address)
	}
	var n [4]uint64
	for i := range n {
		n[i], _ = strconv.ParseUint(m[i+1], 16, 32) // what the pattern fits is a number
	}
	return fmt.Sprintf("PCI:%d@%d:%d:%d", n[1], n[0], n[2], n[3]), nil
}
