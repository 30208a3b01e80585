// Command mktables writes the tables of chips by PCI device id that package
// hardware decides by, out of the names in pci.ids: "TU104 [GeForce RTX 2080]"
// says that the device is a TU104.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mktables: ")
	in := flag.String("pciids", "", "pci.ids, plain or compressed with gzip")
	out := flag.String("out", "data", "folder to write to")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		log.Fatal(err)
	}
}

func run(in, out string) error {
	data, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return err
		}
		if data, err = io.ReadAll(r); err != nil {
			return fmt.Errorf("unpack %s: %w", in, err)
		}
	}
	names := devices(data)
	for _, t := range []struct {
		vendor, file string
		chip         func(name string) string
	}{
		{"10de", "nvidia.txt", nvidiaChip},
		{"1002", "amd.txt", amdChip},
	} {
		table := map[string][]string{}
		for id, name := range names[t.vendor] {
			if c := t.chip(name); c != "" {
				table[c] = append(table[c], id)
			}
		}
		text := write(table, t.vendor, version(data))
		if err := os.WriteFile(filepath.Join(out, t.file), text, 0o666); err != nil {
			return err
		}
	}
	return nil
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

func write(table map[string][]string, vendor, version string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Chips by PCI device id of vendor %s. Written by mktables from pci.ids %s;\n", vendor, version)
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
