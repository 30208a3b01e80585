package hardware

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sebdah/goldie/v2"
)

// The tables of chips by PCI device id are those of the names in pci.ids: "TU104 [GeForce RTX 2080]"
// says that the device is a TU104.
func TestChips(t *testing.T) {
	file, err := os.Open("../../cmd/quick-deploy/internal/probe/pciids/pci.ids.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zr, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	names := devices(data)
	for _, c := range []struct {
		vendor, table string
		chip          func(name string) string
	}{
		{"10de", "nvidia", nvidiaChip},
		{"1002", "amd", amdChip},
	} {
		table := map[string][]string{}
		for id, name := range names[c.vendor] {
			if chip := c.chip(name); chip != "" {
				table[chip] = append(table[chip], id)
			}
		}
		goldie.New(t, goldie.WithFixtureDir("data"), goldie.WithNameSuffix(".txt"), goldie.WithDiffEngine(goldie.ClassicDiff)).
			Assert(t, c.table, tableOf(table, c.vendor, version(data)))
	}
}

var (
	vendorLine = regexp.MustCompile(`^([0-9a-f]{4})  `)
	deviceLine = regexp.MustCompile(`^\t([0-9a-f]{4})  (.*)`)
	versionRE  = regexp.MustCompile(`(?m)^#\s+Version: (\S+)`)
)

// devices reads the names by vendor and device.
func devices(data []byte) map[string]map[string]string {
	names := map[string]map[string]string{}
	vendor := ""
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		line := s.Text()
		if strings.HasPrefix(line, "C ") {
			break
		}
		if m := vendorLine.FindStringSubmatch(line); m != nil {
			vendor = m[1]
			names[vendor] = map[string]string{}
		} else if m := deviceLine.FindStringSubmatch(line); m != nil && vendor != "" {
			names[vendor][m[1]] = m[2]
		}
	}
	return names
}

func version(data []byte) string {
	if m := versionRE.FindSubmatch(data); m != nil {
		return string(m[1])
	}
	return "unknown"
}

// NVIDIA's chips: NV4 to NV48, the C5x and C6x of the first chipsets, G70 to
// G98, MCP5x to MCP89, GT2xx, and from Fermi on two letters and a number. What
// follows the number is the market (M mobile, GL professional).
var nvidiaRE = regexp.MustCompile(`^(?:nForce \S+ )?(NV[0-9A-F]+|C[567][0-9]|MCP[0-9]{2}|G[789][0-9]|GT2[0-9]{2}|` +
	`(?:GF|GK|GM|GP|GV|TU|GA|AD|GH|GB)[0-9]{2,3})`)

func nvidiaChip(name string) string {
	if notGraphics.MatchString(name) {
		return ""
	}
	if m := nvidiaRE.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// notGraphics are the other functions of a chip or chipset.
var notGraphics = regexp.MustCompile(`Audio|USB|UCSI|Bridge|bridge|Memory|LPC|SMBus|Ethernet|SATA|IDE|Controller|` +
	`Co-processor|Modem|NVSwitch|Counter|Management|Root Port|Host`)

// AMD names the chip before a bracket with the product: "Tahiti XT [Radeon HD 7970]".
// Processors with graphics often have no product: "Raphael".
var (
	amdRE      = regexp.MustCompile(`^([A-Z][A-Za-z]*[0-9]*(?: [A-Z][a-z]+)*(?: [0-9]{2})?)(?:$|[ /\[])`)
	amdAloneRE = regexp.MustCompile(`^[A-Z][a-z]+[A-Z]?[a-z]*[0-9]?$`)
)

func amdChip(name string) string {
	if notGraphics.MatchString(name) || !strings.Contains(name, "[") && !amdAloneRE.MatchString(name) {
		return ""
	}
	if m := amdRE.FindStringSubmatch(name); m != nil {
		return strings.ReplaceAll(m[1], " ", "_")
	}
	return ""
}

func tableOf(table map[string][]string, vendor, version string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Chips by PCI device id of vendor %s. Written by TestChips from pci.ids %s;\n", vendor, version)
	fmt.Fprintf(&b, "# pci.ids is by Martin Mares and Albert Pool, 3-clause BSD licence.\n")
	chips := make([]string, 0, len(table))
	for c := range table {
		slices.Sort(table[c])
		chips = append(chips, c)
	}
	slices.SortFunc(chips, func(a, b string) int {
		return cmp.Or(cmp.Compare(table[a][0], table[b][0]), cmp.Compare(a, b))
	})
	for _, c := range chips {
		fmt.Fprintf(&b, "%s %s\n", c, strings.Join(table[c], " "))
	}
	return b.Bytes()
}
