package hardware

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/nvidia.txt
var nvidiaText string

//go:embed data/amd.txt
var amdText string

// chips is a table of chip names by device id.
type chips struct {
	byID map[ID]string
	ids  []ID // sorted
}

var (
	nvidiaChips = sync.OnceValue(func() chips { return parseChips(nvidiaText) })
	amdChips    = sync.OnceValue(func() chips { return parseChips(amdText) })
)

// parseChips reads lines of a chip and its device ids, as mktables writes them.
func parseChips(text string) chips {
	c := chips{byID: map[ID]string{}}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		for _, hex := range f[1:] {
			n, err := strconv.ParseUint(hex, 16, 16)
			if err != nil {
				continue // a test reads the whole table
			}
			c.byID[ID(n)] = f[0]
			c.ids = append(c.ids, ID(n))
		}
	}
	slices.Sort(c.ids)
	return c
}

// find names the chip of a device. Where the table does not know the device,
// known is false and the chip is the one of the next lower id: vendors number
// upwards.
func (c chips) find(id ID) (chip string, known bool) {
	if name, ok := c.byID[id]; ok {
		return name, true
	}
	i, _ := slices.BinarySearch(c.ids, id)
	if i == 0 {
		return "", false
	}
	return c.byID[c.ids[i-1]], false
}
