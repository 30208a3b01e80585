package probe

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// build makes the /sys, /proc and /dev of a machine, as far as this package looks at them, from a description:
// lines of a word and its arguments; # starts a comment.
//
//	system x86_64
//	dmi sys_vendor LENOVO
//	cpu GenuineIntel 6 140 8 vmx Intel(R) Core(TM) i7-1165G7
//	memory 15.4
//	uefi | bios | devicetree NAME...
//	battery | hypervisor | nixos VERSION
//	pci 0000:00:02.0 030000 8086:9a49 1028:0991 i915 boot numa=0
//	usb 1-4 046d:c31c 03/01/01 usbhid
//	disk nvme0n1 512 under 0000:01:00.0 [removable] [usb] [id=NAME] [builtin]
//	part nvme0n1p1 0.5 [uuid=X] [label=X] [partuuid=X] [partlabel=X]
//	dm dm-0 cryptroot CRYPT-LUKS2-1234-cryptroot of nvme0n1p2 [uuid=X]
//	md md0 raid1 of sda1 sdb1 [uuid=X]
//	loop loop0 /path/of/file [uuid=X]
//	mount / ext4 /dev/nvme0n1p2 8:2 / rw,relatime rw
//	swap /dev/nvme0n1p3 partition [PRIORITY]
//	port org.qemu.guest_agent.0
//	mmc mmc0 sdhci-iproc
//	file PATH TEXT
//	link PATH TARGET
//
// A driver is followed by + where it is built into the kernel and so has no module.
func build(t testing.TB, description string) string { return buildSorted(t, description, nil) }

// buildSorted is build, with the PCI devices made in the order that the function brings them into.
func buildSorted(t testing.TB, description string, order func(devices [][]string)) string {
	t.Helper()
	b := &machineBuilder{root: t.TempDir(), numbers: map[string]string{}, sysPath: map[string]string{}}
	for _, dir := range []string{
		"sys/bus/pci/devices", "sys/bus/usb/devices", "sys/class/block", "sys/class/net", "proc/self", "dev/disk/by-uuid",
		"dev/mapper", "etc",
	} {
		b.dir(dir)
	}
	var pci [][]string
	var rest []string
	for line := range strings.Lines(description) {
		line = strings.TrimSpace(line)
		f := strings.Fields(line)
		switch {
		case line == "" || line[0] == '#':
		case len(f) <= atLeast[f[0]]:
			t.Fatalf("%s needs %d arguments", line, atLeast[f[0]])
		case f[0] == "pci":
			pci = append(pci, f)
		case f[0] == "hypervisor":
			b.flags = append(b.flags, "hypervisor")
		default:
			rest = append(rest, line)
		}
	}
	if order != nil {
		order(pci)
	}
	for _, f := range pci {
		b.pci(f)
	}
	for _, line := range rest {
		b.line(strings.Fields(line), line)
	}
	b.file("proc/self/mountinfo", strings.Join(b.mounts, ""))
	b.file("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"+strings.Join(b.swaps, ""))
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.root
}

// atLeast is how many arguments a word needs.
var atLeast = map[string]int{
	"system": 1, "dmi": 2, "cpu": 4, "memory": 1, "devicetree": 1, "nixos": 1, "pci": 3, "usb": 3, "disk": 4, "part": 2, "dm": 5, "md": 4,
	"loop": 2, "mount": 6, "swap": 2, "port": 1, "mmc": 2, "file": 2, "link": 2, "nodes": 1,
}

// machineBuilder writes files below a root and keeps the first error.
type machineBuilder struct {
	root    string
	err     error
	minor   int
	numbers map[string]string // block device → major:minor
	sysPath map[string]string // block device or PCI address → folder in /sys
	mounts  []string
	swaps   []string
	flags   []string // of the processor
}

func (b *machineBuilder) line(f []string, text string) {
	switch f[0] {
	case "system":
		b.file("proc/sys/kernel/arch", f[1]+"\n")
	case "dmi":
		b.file("sys/class/dmi/id/"+f[1], after(text, 2)+"\n")
	case "cpu":
		b.cpu(f, text)
	case "memory":
		gib, _ := strconv.ParseFloat(f[1], 64)
		b.file("proc/meminfo", fmt.Sprintf("MemTotal:       %d kB\nMemFree:          1024 kB\n", int64(gib*1024*1024)))
	case "uefi":
		b.file("sys/firmware/efi/efivars/Boot0000-8be4df61-93ca-11d2-aa0d-00e098032b8c", "")
	case "bios":
		b.dir("sys/firmware/acpi")
	case "devicetree":
		b.file("proc/device-tree/model", after(text, 1)+"\x00")
	case "battery":
		b.file("sys/class/power_supply/BAT0/type", "Battery\n")
		b.file("sys/class/power_supply/BAT0/present", "1\n")
		b.file("sys/class/power_supply/hidpp_battery_0/type", "Battery\n")
		b.file("sys/class/power_supply/hidpp_battery_0/scope", "Device\n")
	case "nixos":
		b.file("run/current-system/nixos-version", f[1])
	case "usb":
		b.usb(f)
	case "disk":
		b.disk(f)
	case "part":
		b.part(f)
	case "dm":
		b.stacked(f[1], f[4:], map[string]string{"dm/name": f[2], "dm/uuid": f[3]})
		b.link("dev/mapper/"+f[2], "../"+f[1])
	case "md":
		b.stacked(f[1], f[3:], map[string]string{"md/level": f[2], "md/uuid": "0"})
	case "loop":
		b.stacked(f[1], f[3:], map[string]string{"loop/backing_file": f[2]})
	case "mount":
		b.mount(f)
	case "swap":
		priority := "-2"
		if len(f) > 3 {
			priority = f[3]
		}
		b.swaps = append(b.swaps, fmt.Sprintf("%s\t\t%s\t\t8388604\t\t0\t\t%s\n", f[1], f[2], priority))
		b.touch(f[1])
	case "port":
		b.file(fmt.Sprintf("sys/class/virtio-ports/vport%dp1/name", len(f[1])), f[1]+"\n")
	case "mmc":
		b.driver("sys/class/mmc_host/"+f[1]+"/device", f[2], "platform")
	case "nodes":
		n, _ := strconv.Atoi(f[1])
		for i := range n {
			b.dir(fmt.Sprintf("sys/devices/system/node/node%d", i))
		}
	case "file":
		b.file(strings.TrimPrefix(f[1], "/"), strings.ReplaceAll(after(text, 2), `\n`, "\n")+"\n")
	case "link":
		b.link(strings.TrimPrefix(f[1], "/"), f[2])
	default:
		b.fail(fmt.Errorf("no such word: %s", f[0]))
	}
}

// after is the text behind the first n words.
func after(text string, n int) string {
	for range n {
		text = strings.TrimSpace(text)
		i := strings.IndexAny(text, " \t")
		if i < 0 {
			return ""
		}
		text = text[i:]
	}
	return strings.TrimSpace(text)
}

// fail keeps the first error.
func (b *machineBuilder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *machineBuilder) dir(name string) { b.fail(os.MkdirAll(filepath.Join(b.root, name), 0o755)) }

func (b *machineBuilder) file(name, text string) {
	b.dir(path.Dir(name))
	b.fail(os.WriteFile(filepath.Join(b.root, name), []byte(text), 0o644))
}

func (b *machineBuilder) link(name, target string) {
	b.dir(path.Dir(name))
	b.fail(os.Symlink(target, filepath.Join(b.root, name)))
}

func (b *machineBuilder) touch(device string) {
	if strings.HasPrefix(device, "/dev/") {
		name := strings.TrimPrefix(device, "/")
		if _, err := os.Lstat(filepath.Join(b.root, name)); err != nil {
			b.file(name, "")
		}
	}
}

// linkTo links name to another path of the tree, relatively as sysfs does.
func (b *machineBuilder) linkTo(name, target string) {
	rel, err := filepath.Rel(path.Dir("/"+name), "/"+target)
	if err != nil {
		b.fail(err)
		return
	}
	b.link(name, rel)
}

// driver binds a driver to a device. The name may be DRIVER/MODULE where they differ.
func (b *machineBuilder) driver(device, name, bus string) {
	if name == "" || name == "-" {
		return
	}
	builtin := strings.HasSuffix(name, "+")
	driver, module, ok := strings.Cut(strings.TrimSuffix(name, "+"), "/")
	if !ok {
		module = strings.ReplaceAll(driver, "-", "_")
	}
	dir := path.Join("sys/bus", bus, "drivers", driver)
	if _, err := os.Lstat(filepath.Join(b.root, dir)); err != nil {
		b.dir(dir)
		if !builtin {
			b.dir("sys/module/" + module)
			b.linkTo(dir+"/module", "sys/module/"+module)
		}
	}
	b.linkTo(device+"/driver", dir)
}

// pci: pci ADDRESS CLASS VENDOR:DEVICE [SUBVENDOR:SUBDEVICE] [DRIVER] [boot] [numa=N]
func (b *machineBuilder) pci(f []string) {
	address := f[1]
	dir := "sys/devices/pci" + address[:strings.LastIndex(address, ":")] + "/" + address
	b.sysPath[address] = dir
	vendor, device, _ := strings.Cut(f[3], ":")
	b.file(dir+"/class", "0x"+f[2]+"\n")
	b.file(dir+"/vendor", "0x"+vendor+"\n")
	b.file(dir+"/device", "0x"+device+"\n")
	sub, subDevice := "0000", "0000"
	boot := "0"
	for _, x := range f[4:] {
		switch {
		case x == "boot":
			boot = "1"
		case strings.HasPrefix(x, "numa="):
			b.file(dir+"/numa_node", strings.TrimPrefix(x, "numa=")+"\n")
		case len(x) == 9 && x[4] == ':':
			sub, subDevice, _ = strings.Cut(x, ":")
		default:
			b.driver(dir, x, "pci")
		}
	}
	b.file(dir+"/subsystem_vendor", "0x"+sub+"\n")
	b.file(dir+"/subsystem_device", "0x"+subDevice+"\n")
	up := strings.ToUpper
	b.file(dir+"/modalias", fmt.Sprintf("pci:v0000%sd0000%ssv0000%ssd0000%sbc%ssc%si%s\n",
		up(vendor), up(device), up(sub), up(subDevice), up(f[2][:2]), up(f[2][2:4]), up(f[2][4:])))
	if strings.HasPrefix(f[2], "0300") {
		b.file(dir+"/boot_vga", boot+"\n")
	}
	b.linkTo("sys/bus/pci/devices/"+address, dir)
}

// usb: usb PORT VENDOR:PRODUCT CLASS/SUBCLASS/PROTOCOL [DRIVER]
func (b *machineBuilder) usb(f []string) {
	dir := "sys/devices/platform/usb/" + f[1]
	vendor, product, _ := strings.Cut(f[2], ":")
	b.file(dir+"/idVendor", vendor+"\n")
	b.file(dir+"/idProduct", product+"\n")
	class := strings.Split(f[3]+"//", "/")
	iface := f[1] + ":1.0"
	for i, name := range []string{"bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"} {
		b.file(dir+"/"+iface+"/"+name, class[i]+"\n")
	}
	if len(f) > 4 {
		b.driver(dir+"/"+iface, f[4], "usb")
	}
	b.linkTo("sys/bus/usb/devices/"+f[1], dir)
	b.linkTo("sys/bus/usb/devices/"+iface, dir+"/"+iface)
}

func (b *machineBuilder) number(name string) string {
	major := map[string]int{"sd": 8, "nv": 259, "vd": 254, "dm": 253, "md": 9, "mm": 179, "lo": 7, "xv": 202, "bc": 252}[name[:2]]
	n := fmt.Sprintf("%d:%d", major, b.minor)
	b.minor++
	b.numbers[name] = n
	return n
}

// disk: disk NAME GB under ADDRESS|DRIVER… [removable] [usb] [id=NAME] [uuid=X] …
func (b *machineBuilder) disk(f []string) {
	name := f[1]
	under := b.sysPath[f[4]]
	var rest []string
	if under == "" { // a platform device, named by its driver
		under = "sys/devices/platform/" + f[4] + ".0"
		b.driver(under, f[4], "platform")
	}
	removable := "0"
	for _, x := range f[5:] {
		switch {
		case x == "removable":
			removable = "1"
		case x == "usb":
			under += "/usb1/1-" + name + "/1-" + name + ":1.0"
			b.driver(under, "usb-storage", "usb")
		case strings.HasPrefix(x, "driver="):
			// The driver of the disk itself, such as sd or virtio_blk.
			dev := under + "/target-" + name
			b.driver(dev, strings.TrimPrefix(x, "driver="), "scsi")
			under = dev
		default:
			rest = append(rest, x)
		}
	}
	dir := under + "/block/" + name
	b.sysPath[name] = dir
	b.file(dir+"/removable", removable+"\n")
	b.linkTo(dir+"/device", under)
	b.block(name, dir, f[2], rest)
}

func (b *machineBuilder) part(f []string) {
	name := f[1]
	disk := ""
	for d := range b.numbers {
		if strings.HasPrefix(name, d) && len(d) > len(disk) && d != name {
			disk = d
		}
	}
	if disk == "" {
		b.fail(fmt.Errorf("part %s: its disk is not described before it", name))
		return
	}
	dir := b.sysPath[disk] + "/" + name
	b.sysPath[name] = dir
	b.file(dir+"/partition", "1\n")
	b.block(name, dir, f[2], f[3:])
}

// stacked writes a device that is made of others: args are "of PART… [uuid=X]".
func (b *machineBuilder) stacked(name string, args []string, files map[string]string) {
	dir := "sys/devices/virtual/block/" + name
	b.sysPath[name] = dir
	for file, text := range files {
		b.file(dir+"/"+file, text+"\n")
	}
	size := "100"
	var names []string
	for _, x := range args {
		switch {
		case x == "of":
		case strings.Contains(x, "="):
			names = append(names, x)
		default:
			if b.sysPath[x] == "" {
				b.fail(fmt.Errorf("%s: its part %s is not described before it", name, x))
				return
			}
			b.linkTo(dir+"/slaves/"+x, b.sysPath[x])
		}
	}
	b.file(dir+"/removable", "0\n")
	b.block(name, dir, size, names)
}

func (b *machineBuilder) block(name, dir, gb string, names []string) {
	size, _ := strconv.ParseFloat(gb, 64)
	b.file(dir+"/size", strconv.FormatInt(int64(size*1e9/512), 10)+"\n")
	b.file(dir+"/dev", b.number(name)+"\n")
	b.linkTo("sys/class/block/"+name, dir)
	b.touch("/dev/" + name)
	for _, x := range names {
		kind, value, ok := strings.Cut(x, "=")
		if !ok || !slices.Contains([]string{"uuid", "label", "partuuid", "partlabel", "id"}, kind) {
			b.fail(fmt.Errorf("%s: %q is not understood", name, x))
			return
		}
		b.link("dev/disk/by-"+kind+"/"+value, "../../"+name)
	}
}

// mount: mount POINT TYPE SOURCE NUMBER ROOT OPTIONS [SUPER]. The number may be
// the name of a device.
func (b *machineBuilder) mount(f []string) {
	number := f[4]
	if n := b.numbers[number]; n != "" {
		number = n
	}
	super := "rw"
	if len(f) > 7 {
		super = f[7]
	}
	id := len(b.mounts) + 20
	b.mounts = append(b.mounts, fmt.Sprintf("%d 1 %s %s %s %s shared:%d - %s %s %s\n", id, number, f[5], f[1], f[6], id, f[2], f[3], super))
}

// cpu: cpu VENDOR FAMILY MODEL THREADS FLAGS NAME…; FLAGS are joined by commas, - is none.
func (b *machineBuilder) cpu(f []string, text string) {
	threads, _ := strconv.Atoi(f[4])
	flags := append([]string{"fpu", "sse2", "lm"}, b.flags...)
	if len(f) > 5 && f[5] != "-" {
		flags = append(flags, strings.Split(f[5], ",")...)
	}
	one := func(i int) string {
		if f[1] == "ARM" {
			return fmt.Sprintf("processor\t: %d\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n\n", i)
		}
		return fmt.Sprintf("processor\t: %d\nvendor_id\t: %s\ncpu family\t: %s\nmodel\t\t: %s\nmodel name\t: %s\nflags\t\t: %s\n\n",
			i, f[1], f[2], f[3], after(text, 6), strings.Join(flags, " "))
	}
	var all strings.Builder
	for i := range threads {
		all.WriteString(one(i))
	}
	b.file("proc/cpuinfo", all.String())
	b.file("sys/devices/system/cpu/online", fmt.Sprintf("0-%d\n", threads-1))
}
