package probe

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/pciids"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// Report is what probe --json prints: the facts, and what could not be read.
// [hardware.Read] reads it back.
type Report struct {
	hardware.Facts
	Warnings []Warning `json:"warnings,omitempty"`
}

// WriteJSON writes the report with a fixed order and layout.
func WriteJSON(w io.Writer, f hardware.Facts, warnings []Warning) error {
	if err := encode.JSON(w, Report{f, warnings}); err != nil {
		return fmt.Errorf("write the hardware report: %w", err)
	}
	return nil
}

// Render writes the report for people. Without names it prints ids.
func Render(w io.Writer, f hardware.Facts, warnings []Warning, names *pciids.Names) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(head, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", head, fmt.Sprintf(format, args...)) }
	row("machine", "%s", machineLine(f))
	row("platform", "%s", platformLine(f))
	row("processor", "%s", cpuLine(f.CPU))
	row("memory", "%s", bytesText(f.Memory))
	for _, p := range f.PCI {
		if head := shown(p.Class); head != "" {
			row(head, "%s (%s:%s, %s) at %s", names.Device(p), p.Vendor, p.Device, cmp.Or(p.Driver, "no driver"), p.Address)
		}
	}
	for _, b := range f.Blocks {
		row("disk", "%s", blockLine(b))
	}
	for _, m := range f.Mounts {
		row("mount", "%s: %s on %s", m.Point, m.Type, m.Source)
	}
	for _, s := range f.Swaps {
		row("swap", "%s (%s)", s.Path, s.Type)
	}
	if f.Loader.Kind != "" {
		row("loader", "%s", loaderLine(f.Loader))
	}
	for _, warning := range warnings {
		row("not read", "%s: %s", warning.Source, warning.Problem)
	}
	return t.Flush()
}

// Explain writes every decision with its reason.
func Explain(w io.Writer, d hardware.Decision, names *pciids.Names, f hardware.Facts) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, g := range d.GPUs {
		for _, p := range f.PCI {
			if p.Address == g.Address {
				fmt.Fprintf(t, "%s\t%s\t%s\n", g.Address, g.Driver, names.Device(p)+": "+g.Name())
			}
		}
	}
	for _, r := range d.Reasons {
		fmt.Fprintf(t, "%s\t%s\t%s\n", r.Option, r.Value, r.Why)
	}
	for _, x := range d.Dropped {
		fmt.Fprintf(t, "left out\t%s\t%s\n", x.What, x.Why)
	}
	for _, s := range d.Warnings {
		fmt.Fprintf(t, "warning\t\t%s\n", s)
	}
	for _, s := range d.Blockers {
		fmt.Fprintf(t, "fix before switching\t\t%s\n", s)
	}
	return t.Flush()
}

// shown returns what a class of devices is called that a reader wants to see, "" for others.
func shown(c hardware.Class) string {
	switch c.Base() {
	case 0x01:
		return "storage"
	case 0x02:
		return "network"
	case 0x03, 0x12:
		return "graphics"
	}
	return ""
}

func machineLine(f hardware.Facts) string {
	p := f.Product
	s := strings.Join(strings.Fields(strings.Join([]string{p.Vendor, p.Name, p.Version}, " ")), " ")
	if f.Battery {
		s += ", with a battery"
	}
	return cmp.Or(s, "unknown")
}

func platformLine(f hardware.Facts) string {
	parts := []string{cmp.Or(f.System, "unknown"), cmp.Or(string(f.Firmware), "unknown firmware")}
	if f.Virtualization != "" {
		parts = append(parts, "inside "+f.Virtualization)
	}
	if f.NixOS != "" {
		parts = append(parts, "NixOS "+f.NixOS)
	}
	return strings.Join(parts, ", ")
}

func cpuLine(c hardware.CPU) string {
	return fmt.Sprintf("%s, %d threads", cmp.Or(c.Name, c.Vendor, "unknown"), c.Threads)
}

func blockLine(b hardware.Block) string {
	return b.Name + " " + bytesText(b.Size) + known("on", b.Disk) + known("of", strings.Join(b.Parts, " ")) +
		known("called", b.DMName) + known("level", b.MDLevel) + known("uuid", b.UUID) + known("label", b.Label)
}

func loaderLine(l hardware.Loader) string {
	return strings.TrimSpace(string(l.Kind)+" "+strings.Join(l.Devices, " ")) +
		known("installed by", l.Program) + known("at", l.Mount) + known("kernels at", l.XBOOTLDR)
}

// known returns a part of a line, with a word before it, where there is something to say.
func known(word, value string) string {
	if value == "" {
		return ""
	}
	return ", " + word + " " + value
}

// bytesText returns a size with binary units.
func bytesText(n uint64) string {
	switch {
	case n == 0:
		return "unknown size"
	case n >= 1<<40:
		return fmt.Sprintf("%.1f TiB", float64(n)/(1<<40))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
