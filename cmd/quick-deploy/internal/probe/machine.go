package probe

import (
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// readProduct reads what the firmware says about the machine: DMI on PCs, the
// device tree on boards.
func readProduct(t *tree, o Options, f *hardware.Facts) {
	const dir = "sys/class/dmi/id/"
	p := &f.Product
	// U-Boot and UEFI on a board give both.
	if b, err := t.read("proc/device-tree/compatible", textLimit); err == nil {
		for s := range strings.FieldsFuncSeq(string(b), func(r rune) bool { return r == 0 }) {
			if s = oneLine(strings.ToValidUTF8(s, "?")); s != "" {
				p.Compatible = append(p.Compatible, s)
			}
		}
	}
	if t.exists("sys/class/dmi/id") {
		for file, to := range map[string]*string{
			"sys_vendor": &p.Vendor, "product_name": &p.Name, "product_version": &p.Version, "product_family": &p.Family,
			"product_sku": &p.SKU, "board_vendor": &p.BoardVendor, "board_name": &p.Board, "bios_vendor": &p.BIOSVendor,
		} {
			*to = t.line(dir + file)
		}
		if s, ok := t.text(dir + "chassis_type"); ok {
			n, err := strconv.ParseUint(s, 10, 8)
			if err != nil {
				t.garbled(dir+"chassis_type", "%.20q is not a number", s)
			}
			p.Chassis = int(n)
		}
		if o.Identify {
			p.Serial = t.line(dir + "product_serial")
		}
		return
	}
	model, ok := t.text("proc/device-tree/model")
	if !ok {
		t.garbled(strings.TrimSuffix(dir, "/"), "missing, and there is no device tree either")
		return
	}
	p.Name = oneLine(model)
	if o.Identify {
		p.Serial = t.line("proc/device-tree/serial-number")
	}
}

// oneLine keeps a text that a firmware made up from breaking lines.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 128 {
		s = strings.ToValidUTF8(s[:128], "")
	}
	return s
}

// cpuLimit is enough for the first processor of /proc/cpuinfo.
const cpuLimit = 16 << 10

// readCPU reads the first processor of /proc/cpuinfo.
func readCPU(t *tree, _ Options, f *hardware.Facts) {
	f.System = platform(t)
	f.CPU.Threads = t.threads()
	text, ok := t.head("proc/cpuinfo", cpuLimit)
	if !ok {
		return
	}
	c := &f.CPU
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" && c.Threads > 0 {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "vendor_id":
			c.Vendor = oneLine(value)
		case "model name":
			c.Name = oneLine(value)
		case "cpu family":
			c.Family, _ = strconv.Atoi(value)
		case "model":
			c.Model, _ = strconv.Atoi(value)
		case "flags":
			flags := strings.Fields(value)
			c.VMX = slices.Contains(flags, "vmx")
			c.SVM = slices.Contains(flags, "svm")
			c.Hypervisor = slices.Contains(flags, "hypervisor")
		}
	}
}

// threads counts the processors in a list such as 0-3,8-11.
func (t *tree) threads() int {
	s, ok := t.text("sys/devices/system/cpu/online")
	if !ok {
		return 0
	}
	n := 0
	for part := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		b := a
		if ok && err == nil {
			b, err = strconv.Atoi(to)
		}
		if err != nil || b < a || b > 1<<16 {
			t.garbled("sys/devices/system/cpu/online", "%.20q is not a list of numbers", s)
			return 0
		}
		n += b - a + 1
	}
	return n
}

var memTotal = lazyregexp.New(`(?m)^MemTotal:\s+(\d+) kB$`)

func readMemory(t *tree, _ Options, f *hardware.Facts) {
	s, ok := t.whole("proc/meminfo", 64<<10)
	if !ok {
		return
	}
	m := memTotal.FindStringSubmatch(s)
	if m == nil {
		t.garbled("proc/meminfo", "has no MemTotal")
		return
	}
	kib, err := strconv.ParseUint(m[1], 10, 54)
	if err != nil {
		t.garbled("proc/meminfo", "MemTotal %s is out of range", m[1])
		return
	}
	f.Memory = kib << 10
}

func readFirmware(t *tree, _ Options, f *hardware.Facts) {
	switch {
	case t.exists("sys/firmware/efi"):
		f.Firmware = hardware.UEFI
		f.EFIVariables = len(t.list("sys/firmware/efi/efivars", false)) > 0
		f.SecureBoot = t.secureBoot()
		f.EFI32 = t.says("sys/firmware/efi/fw_platform_size", "32")
	case t.exists("proc/device-tree/compatible"):
		f.Firmware = hardware.DeviceTree
	case f.System == "x86_64-linux" && (f.Product.BIOSVendor != "" || t.exists("sys/firmware/acpi")):
		f.Firmware = hardware.BIOS
	}
}

// secureBoot reads the variable SecureBoot: four bytes of attributes and a bool
// (UEFI specification 2.10, 3.3).
func (t *tree) secureBoot() bool {
	b, err := t.read("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", textLimit)
	return err == nil && len(b) == 5 && b[4] == 1
}

// readPower tells whether a battery powers the machine. Mice and headsets have
// batteries too, with the scope Device.
func readPower(t *tree, _ Options, f *hardware.Facts) {
	const dir = "sys/class/power_supply/"
	for _, name := range t.list("sys/class/power_supply", false) {
		present, ok := t.text(dir + name + "/present")
		f.Battery = f.Battery || t.says(dir+name+"/type", "Battery") && !t.says(dir+name+"/scope", "Device") &&
			(!ok || present == "1")
	}
}

// readAddresses reads MAC addresses, only if they were asked for.
func readAddresses(t *tree, o Options, f *hardware.Facts) {
	if !o.Identify {
		return
	}
	for _, name := range t.list("sys/class/net", false) {
		mac := t.line("sys/class/net/" + name + "/address")
		if name != "lo" && mac != "" {
			if f.MACs == nil {
				f.MACs = map[string]string{}
			}
			f.MACs[name] = mac
		}
	}
}
