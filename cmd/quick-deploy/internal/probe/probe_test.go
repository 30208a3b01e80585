package probe

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sebdah/goldie/v2"
	"pgregory.net/rapid"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// reports is where the decisions take their facts from, too.
const reports = "../../../../generator/hardware/testdata/machines"

// machines are the descriptions of all machines by name.
func machines(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/machines/*.txt")
	if err != nil || len(files) < 70 {
		t.Fatalf("%d machines, %v", len(files), err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".txt")] = string(text)
	}
	return all
}

func TestMachines(t *testing.T) {
	for name, m := range machines(t) {
		t.Run(name, func(t *testing.T) {
			facts, warnings := Run(context.Background(), Options{Root: build(t, m)})
			var out bytes.Buffer
			if err := WriteJSON(&out, facts, warnings); err != nil {
				t.Fatal(err)
			}
			goldie.New(t, goldie.WithFixtureDir(reports), goldie.WithNameSuffix(".facts.json"), goldie.WithDiffEngine(goldie.ClassicDiff)).
				Assert(t, name, out.Bytes())
			back, err := hardware.Read(&out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(facts, back); diff != "" {
				t.Errorf("the report does not say all (-probed +read):\n%s", diff)
			}
		})
	}
}

// The order in which a kernel lists devices, and in which they were added, does
// not show in the report.
func TestOrderOfDevicesIsIrrelevant(t *testing.T) {
	type pair struct {
		want hardware.Facts
		tree fs.ReadLinkFS // of the same devices, added in reverse
	}
	built := map[string]pair{}
	all := machines(t)
	get := func(name string) pair {
		if p, ok := built[name]; ok {
			return p
		}
		m := all[name]
		want, _ := Run(context.Background(), Options{Root: build(t, m)})
		tree, err := os.OpenRoot(buildSorted(t, m, slices.Reverse))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tree.Close() })
		built[name] = pair{want, tree.FS().(fs.ReadLinkFS)}
		return built[name]
	}
	rapid.Check(t, func(r *rapid.T) {
		p := get(rapid.SampledFrom(slices.Sorted(maps.Keys(all))).Draw(r, "machine"))
		seed := rapid.Uint64().Draw(r, "seed")
		got, _ := Run(context.Background(), Options{FS: shuffled{rand.New(rand.NewPCG(seed, 1)), p.tree}})
		if diff := cmp.Diff(p.want, got); diff != "" {
			r.Fatalf("(-described +shuffled):\n%s", diff)
		}
	})
}

func TestIdentifiersOnlyOnRequest(t *testing.T) {
	m := `
		system x86_64
		dmi sys_vendor LENOVO
		dmi product_serial PF3SECRET
		file /sys/class/net/eth0/address 52:54:00:12:34:56
		uefi
		cpu GenuineIntel 6 140 8 vmx i7
		pci 0000:01:00.0 010802 144d:a80a 144d:a801 nvme
		disk nvme0n1 10 under 0000:01:00.0 id=nvme-Samsung_SSD_S4SECRET`
	root := build(t, m)
	render := func(o Options) string {
		facts, warnings := Run(context.Background(), o)
		var b bytes.Buffer
		if err := WriteJSON(&b, facts, warnings); err != nil {
			t.Fatal(err)
		}
		if err := Render(&b, facts, warnings, nil); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	secrets := []string{"PF3SECRET", "52:54:00:12:34:56", "S4SECRET"}
	for _, s := range secrets {
		if bytes.Contains([]byte(render(Options{Root: root})), []byte(s)) {
			t.Errorf("%s is in the report without being asked for", s)
		}
	}
	asked := render(Options{Root: root, Identify: true})
	for _, s := range secrets[:2] {
		if !bytes.Contains([]byte(asked), []byte(s)) {
			t.Errorf("%s is missing though it was asked for", s)
		}
	}
}

// Passwords that stand in fstab are in no report; that there are some is.
func TestFstabPasswords(t *testing.T) {
	for option, secret := range map[string]bool{
		"password=hunter2": true, "pass=hunter2": true, "passwd=hunter2": true, "password2=hunter2": true, "secret=hunter2": true,
		"username=ada%hunter2": true, "ecryptfs_passphrase=hunter2": true, "credentials=/etc/c": false, "secretfile=/etc/s": false,
		"passwd_file=/etc/p": false, "compress=zstd": false, "username=ada": false,
	} {
		m := "system x86_64\nmount /mnt/x cifs //h/x 0:50 / rw rw\nfile /etc/fstab //h/x /mnt/x cifs uid=1000," +
			option + " 0 0\\n//h/y /mnt/y cifs nofail," + option + " 0 0"
		facts, warnings := Run(context.Background(), Options{Root: build(t, m), Identify: true})
		var out bytes.Buffer
		if err := WriteJSON(&out, facts, warnings); err != nil {
			t.Fatal(err)
		}
		if len(facts.Mounts) != 1 || len(facts.Unmounted) != 1 {
			t.Fatalf("%s: %+v, %+v", option, facts.Mounts, facts.Unmounted)
		}
		if facts.Mounts[0].Password != secret || facts.Unmounted[0].Password != secret || bytes.Contains(out.Bytes(), []byte("hunter2")) {
			t.Errorf("%s: %+v, %+v", option, facts.Mounts, facts.Unmounted)
		}
		if kept := slices.Contains(facts.Mounts[0].Fstab, option); kept == secret {
			t.Errorf("%s is kept: %t", option, kept)
		}
	}
}

// A link of udev to a device, as for a logical volume, is followed; a lasting name is not.
func TestDeviceLinks(t *testing.T) {
	m := `
		system x86_64
		link /dev/vg0/swap ../dm-2
		link /dev/disk/by-uuid/AAAA ../../dm-2
		file /proc/cmdline resume=/dev/vg0/swap resume=UUID=AAAA resume=/dev/gone
		file /etc/fstab /dev/vg0/swap /mnt/x ext4 noauto 0 0`
	facts, _ := Run(context.Background(), Options{Root: build(t, m)})
	want := []string{"resume=/dev/dm-2", "resume=/dev/disk/by-uuid/AAAA", "resume=/dev/gone"}
	if !slices.Equal(facts.Parameters, want) || len(facts.Unmounted) != 1 || facts.Unmounted[0].Source != "/dev/dm-2" {
		t.Errorf("%q, %+v", facts.Parameters, facts.Unmounted)
	}
}

func TestTarget(t *testing.T) {
	m := `
		system x86_64
		uefi
		disk sda 10 under ahci
		part sda1 9 uuid=AAAA
		mount / tmpfs tmpfs 0:20 / rw rw
		mount /mnt ext4 /dev/sda1 sda1 / rw rw
		mount /mnt/boot vfat /dev/sda2 8:2 / rw rw
		mount /mnther ext4 /dev/sdb1 8:3 / rw rw`
	facts, _ := Run(context.Background(), Options{Root: build(t, m), Target: "/mnt/"})
	var points []string
	for _, m := range facts.Mounts {
		points = append(points, m.Point)
	}
	if want := []string{"/", "/boot"}; !slices.Equal(points, want) {
		t.Errorf("mounts below /mnt are %v, want %v", points, want)
	}
}

// In what a machine runs, by the marks that are there.
func TestContainerMarks(t *testing.T) {
	for _, tt := range []struct{ file, text, want string }{
		{"run/systemd/container", "lxc", "lxc"},
		{"run/host/container-manager", "systemd-nspawn\n", "systemd-nspawn"},
		{"proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2", "wsl"},
		{"proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft", "wsl"},
		{"proc/sys/fs/binfmt_misc/WSLInterop", "enabled", "wsl"}, // a kernel of one's own
		{"run/.containerenv", "", "podman"},
		{".dockerenv", "", "docker"},
		{"proc/sys/kernel/osrelease", "6.12.30", ""},
	} {
		root := t.TempDir()
		mustWrite(t, filepath.Join(root, tt.file), tt.text)
		if f, _ := Run(context.Background(), Options{Root: root}); f.Virtualization != tt.want {
			t.Errorf("%s with %q: %q, want %q", tt.file, tt.text, f.Virtualization, tt.want)
		}
	}
}

// What is mounted on demand is told until it is there; what udev knows of the
// partitions, and the firmware's own bits.
func TestMountedOnDemand(t *testing.T) {
	m := `
		system x86_64
		uefi
		disk sda 10 under ahci
		part sda1 1 uuid=1A2B-3C4D
		part sda2 9 uuid=AAAA
		mount / ext4 /dev/sda2 sda2 / rw rw
		mount /boot autofs systemd-1 0:40 / rw rw,fd=1
		mount /efi autofs systemd-1 0:41 / rw rw,fd=2
		mount /efi vfat /dev/sda1 sda1 / rw rw
		mount /proc/sys/fs/binfmt_misc autofs systemd-1 0:42 / rw rw
		file /run/udev/data/b8:1 S:disk/by-uuid/1A2B-3C4D\nE:ID_FS_TYPE=vfat\nE:ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b\nE:ID_PART_TABLE_TYPE=gpt
		file /run/udev/data/b8:0 E:ID_PART_TABLE_TYPE=gpt
		file /sys/firmware/efi/fw_platform_size 32`
	root := build(t, m)
	const variable = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	mustWrite(t, filepath.Join(root, variable), "\x06\x00\x00\x00\x01")
	f, _ := Run(context.Background(), Options{Root: root})
	var mounts []string
	for _, m := range f.Mounts {
		mounts = append(mounts, m.Point+" "+m.Type)
	}
	if want := []string{"/ ext4", "/boot autofs", "/efi vfat"}; !slices.Equal(mounts, want) {
		t.Errorf("mounts are %q, want %q", mounts, want)
	}
	disk, esp := f.Blocks[0], f.Blocks[1]
	if disk.Table != "gpt" || esp.Table != "" || esp.FSType != "vfat" || esp.PartType != "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" {
		t.Errorf("udev's properties: %+v %+v", disk, esp)
	}
	if !f.SecureBoot || !f.EFI32 {
		t.Errorf("Secure Boot is %v, 32 bits %v", f.SecureBoot, f.EFI32)
	}
	mustWrite(t, filepath.Join(root, variable), "\x06\x00\x00\x00\x00")
	if f, _ := Run(context.Background(), Options{Root: root}); f.SecureBoot {
		t.Error("Secure Boot is off")
	}
}

func TestStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	facts, warnings := Run(ctx, Options{Root: build(t, machines(t)["vm-kvm-virtio"])})
	if len(facts.PCI) > 0 || len(warnings) != 1 || warnings[0].Problem != context.Canceled.Error() {
		t.Errorf("got %d devices and %v", len(facts.PCI), warnings)
	}
}

func TestLinksStayBelowTheRoot(t *testing.T) {
	root := t.TempDir()
	for name, target := range map[string]string{
		"sys/class/dmi/id": "/sys/class/dmi/id", "proc/cpuinfo": "/proc/cpuinfo", "proc/meminfo": "../../../../../../proc/meminfo",
	} {
		mustLink(t, filepath.Join(root, name), target)
	}
	facts, _ := Run(context.Background(), Options{Root: root})
	if facts.Memory != 0 || facts.CPU.Vendor != "" || facts.Product.Vendor != "" {
		t.Errorf("read this machine instead of the tree: %+v", facts)
	}
}
