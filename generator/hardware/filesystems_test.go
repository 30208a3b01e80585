package hardware

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// with is a machine with an ext4 root that runs NixOS, changed.
func with(change func(*Facts)) Facts {
	f := card(vendorAMD, 0x73bf)
	f.NixOS = "26.05"
	change(&f)
	return f
}

func (d Decision) told() []string {
	var out []string
	for _, x := range d.Dropped {
		if x.Told {
			out = append(out, x.What+": "+x.Why)
		}
	}
	return out
}

func TestMountOptions(t *testing.T) {
	rw := []string{"rw", "relatime"}
	for _, tt := range []struct {
		name  string
		mount Mount
		want  string // the options, "" for none; "-" where it is left out and told
	}{
		{"ntfs3 keeps owners", Mount{Type: "ntfs3", Options: rw,
			Super: []string{"rw", "uid=1000", "gid=100", "windows_names", "iocharset=utf8"}},
			"uid=1000 gid=100 windows_names nofail"},
		{"fstab says more", Mount{Type: "ntfs3", Options: rw, Fstab: []string{"uid=1000", "defaults", "noauto"}},
			"uid=1000 noauto"},
		{"ntfs-3g", Mount{Type: "fuseblk", FstabType: "ntfs-3g", Fstab: []string{"uid=1000"}}, "uid=1000"},
		{"ntfs-3g by hand", Mount{Type: "fuseblk", Options: rw}, "-"},
		{"sshfs", Mount{Type: "fuse.sshfs", Source: "ada@h:/", Fstab: []string{"reconnect", "nofail"}}, "reconnect nofail"},
		{"a folder of it is mounted", Mount{Type: "bcachefs", Source: "/dev/sdb1", Root: "home", Options: rw},
			"X-mount.subdir=home"},
		{"a folder of it, by fstab", Mount{Type: "bcachefs", Source: "/dev/sdb1", Root: "home",
			Fstab: []string{"X-mount.subdir=home"}}, "X-mount.subdir=home"},
		{"FUSE that nothing is known of", Mount{Type: "fuse.odd", Fstab: []string{"nofail"}}, "-"},
		{"cifs by hand", Mount{Type: "cifs", Source: "//h/s", Super: []string{"username=ada"}}, "-"},
		{"cifs with Kerberos", Mount{Type: "cifs", Source: "//h/s",
			Super: []string{"sec=krb5", "vers=3.1.1", "addr=192.0.2.1"}}, "sec=krb5 vers=3.1.1 nofail"},
		{"cifs with credentials", Mount{Type: "cifs", Source: "//h/s",
			Fstab: []string{"credentials=/etc/c", "x-systemd.automount"}}, "credentials=/etc/c x-systemd.automount"},
		{"a password in fstab", Mount{Type: "cifs", Source: "//h/s", Password: true, Fstab: []string{"username=ada"}}, "-"},
		{"ceph by hand", Mount{Type: "ceph", Source: "192.0.2.1:/", Super: []string{"name=admin"}}, "-"},
		{"nfs", Mount{Type: "nfs4", Source: "h:/x", Options: rw, Super: []string{"vers=4.2", "proto=tcp"}},
			"vers=4.2 nofail"},
		{"a folder of the host", Mount{Type: "virtiofs", Source: "share", Fstab: []string{"ro"}}, "ro"},
		{"read-only", Mount{Type: "ext4", Source: "/dev/sdb1", Options: []string{"ro", "relatime"}}, "ro"},
		{"errors made it read-only", Mount{Type: "ext4", Source: "/dev/sdb1", Options: rw, Super: []string{"ro"}}, ""},
		{"quotas", Mount{Type: "xfs", Source: "/dev/sdb1", Options: rw, Super: []string{"rw", "attr2", "prjquota"}},
			"prjquota"},
		{"a disk on USB", Mount{Type: "ext4", Source: "/dev/sdc1", Options: rw}, "nofail"},
		{"memory by fstab", Mount{Type: "tmpfs", Source: "tmpfs", Fstab: []string{"size=2G"}}, "size=2G"},
		{"memory by hand", Mount{Type: "tmpfs", Source: "tmpfs", Super: []string{"size=2048k"}}, "-"},
		{"bcachefs", Mount{Type: "bcachefs", Source: "/dev/sdb1:/dev/sdc1", Super: []string{"rw", "compression=zstd"}},
			"compression=zstd nofail"},
		{"ZFS of the kind legacy", Mount{Type: "zfs", Source: "tank/a", Fstab: []string{"defaults"}}, ""},
		{"ZFS mounts it", Mount{Type: "zfs", Source: "tank/a"}, "zfsutil"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.mount.Point, tt.mount.Root, tt.mount.Number = "/mnt/x", "/"+tt.mount.Root, "9:9"
			f := with(func(f *Facts) {
				f.HostID = "0badcafe"
				f.Blocks = append(f.Blocks, Block{Name: "sdb1", Disk: "sdb", UUID: "b"}, Block{Name: "sdb"},
					Block{Name: "sdc1", Disk: "sdc", UUID: "c"}, Block{Name: "sdc", USB: true})
				f.Mounts = append(f.Mounts, tt.mount)
			})
			d := must(t, f, Overrides{})
			if (len(d.told()) > 0) != (tt.want == "-") {
				t.Errorf("told is %q", d.told())
			}
			got := strings.Join(strings.Fields(strings.NewReplacer("[", "", "]", "", `"`,
				"").Replace(value(t, d, "fileSystems./mnt/x.options"))), " ")
			if want := strings.TrimPrefix(tt.want, "-"); got != want {
				t.Errorf("options are %q, want %q", got, want)
			}
		})
	}
}

// What lies below a file system brings what NixOS needs for it.
func TestTargets(t *testing.T) {
	const lvm = "LVM-aaaabbbbccccddddeeeeffffgggghhhhiiiijjjjkkkkllllmmmmnnnnoooopppp"
	for _, tt := range []struct {
		name, dm, uuid string
		option, want   string
		blocked        bool
	}{
		{"thin pool", "vg-pool-tpool", lvm + "-tpool", "services.lvm.boot.thin.enable", "lib.mkDefault true", false},
		{"its data", "vg-pool_tdata", lvm + "-tdata", "services.lvm.boot.thin.enable", "lib.mkDefault true", false},
		{"cache pool", "vg-fast_cpool_cdata", lvm + "-cdata", "boot.initrd.kernelModules",
			`[ "dm-snapshot" "dm-cache" "dm-cache-smq" ]`, false},
		{"cached volume", "vg-root_corig", lvm + "-real", "services.lvm.boot.thin.enable", "lib.mkDefault true", false},
		{"write cache", "vg-root_wcorig", lvm + "-real", "boot.initrd.kernelModules", `[ "dm-snapshot" "dm-writecache" ]`,
			false},
		{"raid1", "vg-root_rimage_0", lvm, "boot.initrd.kernelModules", `[ "dm-snapshot" "dm-raid" ]`, false},
		{"its levels", "vg-root_rmeta_1", lvm, "boot.initrd.availableKernelModules", `[ "raid0" "raid1" "raid10" "raid456" ]`,
			false},
		{"raid with checksums", "vg-root_rimage_0_imeta", lvm, "boot.initrd.kernelModules",
			`[ "dm-snapshot" "dm-integrity" ]`, false},
		{"mirror", "vg-root_mimage_1", lvm, "boot.initrd.kernelModules", `[ "dm-snapshot" "dm-mirror" ]`, false},
		{"VDO", "vg-vpool0-vpool", lvm + "-vpool", "services.lvm.boot.vdo.enable", "lib.mkDefault true", false},
		{"plain LVM", "vg-root_data", lvm, "boot.initrd.kernelModules", `[ "dm-snapshot" ]`, false},
		{"multipath", "mpatha", "mpath-3600", "services.multipath.enable", "", true},
		{"integritysetup", "root-int", "CRYPT-INTEGRITY-root-int", "boot.initrd.kernelModules", "[ ]", true},
		{"dmraid", "isw_x", "DMRAID-isw_x", "boot.initrd.kernelModules", "[ ]", true},
		{"Stratis", "stratis-1-x", "stratis-1-x", "boot.initrd.kernelModules", "[ ]", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, point := range []string{"/", "/srv"} {
				f := with(func(f *Facts) {
					f.Blocks = append(f.Blocks, Block{Name: "dm-1", DMName: "top", Number: "253:1", Parts: []string{"dm-0"},
						UUID: "top"},
						Block{Name: "dm-0", DMName: tt.dm, DMUUID: tt.uuid, Parts: []string{"sda1"}})
					f.Mounts = slices.DeleteFunc(f.Mounts, func(m Mount) bool { return m.Point == point })
					f.Mounts = append(f.Mounts, Mount{Point: point, Type: "ext4", Source: "/dev/dm-1", Number: "253:1", Root: "/"})
				})
				d := must(t, f, Overrides{Loader: LoaderOverrides{Kind: "none"}})
				if got := value(t, d, tt.option); got != tt.want {
					t.Errorf("below %s: %s is %q, want %q", point, tt.option, got, tt.want)
				}
				if blocked := len(d.Blockers) > 0; blocked != (tt.blocked && point == "/") || len(d.Warnings) > 0 != tt.blocked {
					t.Errorf("below %s: blockers %q, warnings %q", point, d.Blockers, d.Warnings)
				}
			}
		})
	}
}

// LUKS with checksums has a device of dm-integrity between it and the partition.
func TestAuthenticatedLUKS(t *testing.T) {
	d := must(t, with(func(f *Facts) {
		f.Mounts[0].Source = "/dev/dm-1"
		f.Blocks = append(f.Blocks, Block{Name: "dm-0", DMName: "root_dif", DMUUID: "CRYPT-SUBDEV-x",
			Parts: []string{"sda1"}},
			Block{Name: "dm-1", DMName: "root", DMUUID: "CRYPT-LUKS2-x-root", Parts: []string{"dm-0"}, UUID: "inner",
				Discards: true})
	}), Overrides{})
	for option, want := range map[string]string{
		"boot.initrd.luks.devices.root.device":        `"/dev/disk/by-uuid/u"`,
		"boot.initrd.luks.devices.root.allowDiscards": "true",
		"boot.initrd.availableKernelModules":          `[ "dm-integrity" ]`,
	} {
		if got := value(t, d, option); got != want {
			t.Errorf("%s is %s, want %s", option, got, want)
		}
	}
}

// The initrd opens only what it can, and what must be open then.
func TestCrypttab(t *testing.T) {
	f := machine(t, "server-luks-data")
	const initrd, crypttab = "boot.initrd.luks.devices.", "environment.etc.crypttab.text"
	d := must(t, f, Overrides{})
	for option, want := range map[string]string{
		initrd + "root.device":        `"/dev/disk/by-uuid/5c5c0003-1111-4b5c-9d2e-0a1b2c3d4e5f"`,
		initrd + "root.allowDiscards": "true",
		initrd + "data.device":        "",
		initrd + "backup.device":      "",
		crypttab:                      `lib.mkDefault '' data /dev/disk/by-uuid/5c5c0001-1111-4b5c-9d2e-0a1b2c3d4e5f /root/data.key luks,nofail ''`,
		"fileSystems./backup.options": `[ "nofail" "noatime" ]`,
	} {
		if got := value(t, d, option); got != want {
			t.Errorf("%s is %s, want %s", option, got, want)
		}
	}
	if told := d.told(); len(told) != 1 || !strings.HasPrefix(told[0], "backup (LUKS on sdb1)") {
		t.Errorf("told is %q", told)
	}
	f.Crypttab[0].Key = "" // somebody types it
	f.Mounts = slices.DeleteFunc(f.Mounts, func(m Mount) bool { return m.Point == "/backup" })
	for i := range f.Mounts {
		f.Mounts[i].Fstab = nil
	}
	if got := value(t, must(t, f, Overrides{}), initrd+"data.device"); got == "" {
		t.Errorf("nothing opens the data")
	}
}

func TestSwap(t *testing.T) {
	lv := Block{Name: "dm-0", DMName: "vg-swap", DMUUID: "LVM-x", Number: "253:0"}
	plain := Block{Name: "dm-1", DMName: "random", DMUUID: "CRYPT-PLAIN-random", Parts: []string{"dm-0"}}
	inUse := []Swap{{Path: "/dev/dm-0", Type: "partition", Block: "dm-0"}}
	resume := func(s ...string) []string { return s }
	for _, tt := range []struct {
		name         string
		swaps        []Swap
		params       []string
		option, want string
		told         string
	}{
		{"a file", []Swap{{Path: "/var/swap", Type: "file"}}, nil, "swapDevices", `[ { device = "/var/swap"; } ]`, ""},
		{"with a priority", []Swap{{Path: "/var/swap", Type: "file", Priority: 7}}, nil, "swapDevices",
			`[ { device = "/var/swap"; priority = 7; } ]`, ""},
		{"deleted", []Swap{{Path: "/var/swap (deleted)", Type: "file"}}, nil, "swapDevices", "[ ]", "the file was deleted"},
		{"in memory", []Swap{{Path: "/run/swap", Type: "file"}}, nil, "swapDevices", "[ ]", "it is on /run"},
		{"zram", []Swap{{Path: "/dev/zram0", Type: "partition", Block: "zram0", Priority: 100}}, nil, "swapDevices", "[ ]",
			""},
		{"anew at each boot on LVM", []Swap{{Path: "/dev/dm-1", Type: "partition", Block: "dm-1"}}, nil, "swapDevices",
			`[ { device = "/dev/mapper/vg-swap"; randomEncryption.enable = true; } ]`, ""},
		{"resume", inUse, resume("resume=/dev/mapper/vg-swap"), "boot.resumeDevice", `lib.mkDefault "/dev/mapper/vg-swap"`,
			""},
		{"by number", inUse, resume("resume=253:0"), "boot.resumeDevice", `lib.mkDefault "/dev/mapper/vg-swap"`, ""},
		{"offset", inUse, resume("resume=/dev/sda1", "resume_offset=42"), "boot.kernelParams", `[ "resume_offset=42" ]`, ""},
		{"from a disk that is gone", inUse, resume("resume=/dev/disk/by-uuid/gone"), "boot.resumeDevice", "",
			"its device is missing"},
		{"without swap", nil, resume("resume_offset=42"), "boot.kernelParams", "", "no swap"},
		{"zswap", inUse, resume("zswap.enabled=1", "zswap.compressor=zstd"), "boot.kernelParams",
			`[ "zswap.enabled=1" "zswap.compressor=zstd" ]`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := must(t, with(func(f *Facts) {
				f.Blocks = append(f.Blocks, lv, plain)
				f.Mounts = append(f.Mounts, Mount{Point: "/run", Type: "tmpfs", Source: "tmpfs", Root: "/"})
				f.Swaps, f.Parameters = tt.swaps, tt.params
			}), Overrides{})
			if got := value(t, d, tt.option); got != tt.want {
				t.Errorf("%s is %q, want %q", tt.option, got, tt.want)
			}
			if told := strings.Join(d.told(), "\n"); (told != "") != (tt.told != "") || !strings.Contains(told, tt.told) {
				t.Errorf("told is %q, want %q", told, tt.told)
			}
		})
	}
}

// What autofs mounts by its map is autofs's to mount again.
// Where programs mount, a line of fstab is somebody's wish.
func TestPlacesOfPrograms(t *testing.T) {
	for _, tt := range []struct {
		point string
		fstab []string
		want  bool
	}{
		{"/media/data", []string{"defaults"}, true}, {"/media/ada/stick", nil, false},
		{"/run/media/games", []string{"nofail"}, true}, {"/run/media/ada/stick", nil, false},
		{"/var/lib/docker", []string{"noatime"}, true}, {"/var/lib/docker/overlay2/x/merged", nil, false},
		{"/sys/fs/x", []string{"defaults"}, false}, {"/proc/x", []string{"hidepid=2"}, false},
	} {
		d := must(t, with(func(f *Facts) {
			f.Blocks = append(f.Blocks, Block{Name: "sdb1", UUID: "b"})
			f.Mounts = append(f.Mounts, Mount{Point: tt.point, Type: "ext4", Source: "/dev/sdb1", Root: "/", Number: "8:17",
				Fstab: tt.fstab})
		}), Overrides{})
		if got := value(t, d, "fileSystems."+tt.point+".device") != ""; got != tt.want {
			t.Errorf("%s with %q is taken over: %t", tt.point, tt.fstab, got)
		}
	}
}

func TestAutomounts(t *testing.T) {
	nas := Mount{Point: "/net/nas", Type: "nfs4", Source: "nas:/x", Root: "/", Number: "0:9"}
	d := must(t, with(func(f *Facts) {
		f.Mounts = append(f.Mounts, Mount{Point: "/net", Type: "autofs", Source: "/etc/auto.net", Root: "/", Number: "0:8"},
			nas)
	}), Overrides{})
	if got := value(t, d, "fileSystems./net/nas.device"); got != "" || len(d.told()) != 1 {
		t.Errorf("%s, told %q", got, d.told())
	}
	nas.Fstab, nas.Number = []string{"x-systemd.automount"}, ""
	d = must(t, with(func(f *Facts) {
		f.Mounts = append(f.Mounts, Mount{Point: "/net/nas", Type: "autofs", Source: "systemd-1", Root: "/", Number: "0:8"})
		f.Unmounted = []Mount{nas}
	}), Overrides{})
	if got := value(t, d, "fileSystems./net/nas.options"); got != `[ "x-systemd.automount" ]` || len(d.told()) > 0 {
		t.Errorf("%s, told %q", got, d.told())
	}
}

// A swap by a name that the probe does not read is not said to be missing.
func TestKeptSwapByID(t *testing.T) {
	f := with(func(f *Facts) {
		f.Blocks = append(f.Blocks, Block{Name: "sdb1", UUID: "swap"})
		f.Swaps = []Swap{{Path: "/dev/sdb1", Type: "partition", Block: "sdb1"}}
		f.Existing = &ExistingFile{Text: `{ fileSystems."/".device = "/dev/disk/by-uuid/u"; swapDevices = [ { device = "/dev/disk/by-id/x"; } ]; }`}
	})
	if told := must(t, f, Overrides{}).told(); len(told) > 0 {
		t.Errorf("told %q", told)
	}
	f.Existing.Text = strings.Replace(f.Existing.Text, "by-id", "by-uuid", 1)
	f.Blocks = append(f.Blocks, Block{Name: "sdc1", UUID: "x"})
	if told := must(t, f, Overrides{}).told(); len(told) != 1 {
		t.Errorf("told %q", told)
	}
}

// The host id of ZFS is seldom in the file that is kept.
func TestKeptZFS(t *testing.T) {
	d := must(t, with(func(f *Facts) {
		f.HostID = "0badcafe"
		f.Mounts[0] = Mount{Point: "/", Type: "zfs", Source: "rpool/root", Root: "/", Number: "0:30"}
		f.Existing = &ExistingFile{Text: `{ fileSystems."/" = { device = "rpool/root"; fsType = "zfs"; }; }`}
	}), Overrides{})
	if got := value(t, d, "networking.hostId"); d.Mode != modeKeep || got != `lib.mkDefault "0badcafe"` {
		t.Errorf("mode %s: %s", d.Mode, got)
	}
}

// A root in memory is the machine's own only where the store is not: an installer's is, too.
func TestRootInMemory(t *testing.T) {
	memory := Mount{Point: "/", Type: "tmpfs", Source: "none", Root: "/", Number: "0:1",
		Super: []string{"rw", "size=2097152k", "mode=755"}}
	disk := func(point, root string) Mount {
		return Mount{Point: point, Type: "btrfs", Source: "/dev/sda1", Root: root, Number: "0:2",
			Super: []string{"subvol=" + root}}
	}
	for _, tt := range []struct {
		name   string
		mounts []Mount
		option string
		want   string
		ready  bool
	}{
		{"root", []Mount{memory, disk("/nix", "/@nix")}, "fileSystems./.options", `[ "size=2097152k" "mode=755" ]`, true},
		{"store", []Mount{memory, disk("/nix", "/@nix")}, "fileSystems./nix.options", `[ "subvol=@nix" ]`, true},
		{"what persists", []Mount{memory, disk("/nix", "/@nix"), disk("/keep", "/@keep"),
			{Point: "/var/log", Type: "btrfs", Source: "/dev/sda1", Root: "/@keep/var/log", Number: "0:2",
				Super: []string{"subvol=/@keep"}}},
			"fileSystems./keep.neededForBoot", "true", true},
		{"is not carried over twice", []Mount{memory, disk("/nix", "/@nix"), disk("/keep", "/@keep"),
			{Point: "/var/log", Type: "btrfs", Source: "/dev/sda1", Root: "/@keep/var/log", Number: "0:2",
				Super: []string{"subvol=/@keep"}}},
			"fileSystems./var/log.device", "", true},
		{"installer", []Mount{memory, {Point: "/nix/store", Type: "overlay", Source: "overlay", Root: "/", Number: "0:3"}},
			"fileSystems./.fsType", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := must(t, with(func(f *Facts) { f.Mounts = tt.mounts }), Overrides{Loader: LoaderOverrides{Kind: "none"}})
			if got := value(t, d, tt.option); got != tt.want {
				t.Errorf("%s is %q, want %q", tt.option, got, tt.want)
			}
			if (len(d.Blockers) == 0) != tt.ready {
				t.Errorf("blockers: %q", d.Blockers)
			}
		})
	}
}

const keptText = `# fileSystems."/comment".device = "x";
{ config, lib, pkgs, modulesPath, ... }:
let drive = { device = "/dev/disk/by-uuid/gone-too"; }; in
{
  imports = [ (modulesPath + "/installer/scan/not-detected.nix") ];
  boot.initrd = {
    luks.devices."root" = { device = "/dev/disk/by-uuid/u"; crypttabExtraOpts = [ "fido2-device=auto" ]; allowDiscards = true; };
    kernelModules = [ "dm-raid" ]; /* fileSystems."/also" = 1; */
  };
  boot.kernelParams = [ "resume_offset=42" ];
  fileSystems."/" = { device = "/dev/disk/by-uuid/U"; fsType = "ext4"; };
  fileSystems = lib.mkMerge [ ];
  fileSystems."/usb" = { device = "/dev/disk/by-uuid/unplugged"; options = [ "nofail" ]; };
  fileSystems."/flat".device = "/dev/disk/by-uuid/unplugged-too";
  fileSystems."/flat".options = [ "noauto" "x-systemd.automount" ];
  swapDevices = [ { device = "/swapfile"; } ];
  services.xserver.videoDrivers = [ "amdgpu" ];
  services.udev.extraRules = "/dev/disk/by-uuid/a-stick";
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
}
`

func TestReadNix(t *testing.T) {
	k := readNix(keptText)
	for _, tt := range []struct {
		path string
		want bool
	}{
		{"fileSystems /", true}, {"fileSystems /usb options", true},
		{"boot initrd luks devices root crypttabExtraOpts", true},
		{"services xserver videoDrivers", true}, {"fileSystems /comment", false}, {"fileSystems /also", false},
		{"drive", false}, {"config", false},
	} {
		if got := k.defines(strings.Fields(tt.path)...); got != tt.want {
			t.Errorf("it sets %s: %t", tt.path, got)
		}
	}
	want := []string{
		"boot.initrd.luks.devices.root.crypttabExtraOpts", "boot.initrd.luks.devices.root.allowDiscards", "boot.kernelParams",
		"fileSystems", "services.xserver.videoDrivers", "services.udev.extraRules",
	}
	if diff := cmp.Diff(want, k.byHand()); diff != "" {
		t.Errorf("by hand (-want +got):\n%s", diff)
	}
	if !readNix("{ lib, ... }: with lib; { a.b = mkDefault { c = 1; }; }").defines("a", "b", "c") {
		t.Error("with hides the set")
	}
	k = readNix("{ swapDevices = [\n  # UUID=old\n  { device = \"UUID=new\"; } /* \"nofail\" */\n]; a = \"# no comment\"; }")
	attrs := []attr{{[]string{"swapDevices"}, `[ { device = "UUID=new"; } ]`}, {[]string{"a"}, `"# no comment"`}}
	if diff := cmp.Diff(attrs, k.attrs, cmp.AllowUnexported(attr{})); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
	for _, odd := range []string{"", "{", "}", "{ = ; }", "{ a", "{ a = ", `{ a = "`, "a: b: {a.b.c=}",
		strings.Repeat("{a=", 1<<14)} {
		readNix(odd).defines("a")
	}
}

// A copy of the file must be all that it takes.
func TestKeptStandsByItself(t *testing.T) {
	for _, tt := range []struct{ text, path, argument string }{
		{`{ modulesPath, ... }: { imports = [ (modulesPath + "/installer/scan/not-detected.nix") ./disks.nix ]; }`,
			"./disks.nix", ""},
		{"{ imports = [<nixpkgs/nixos/modules/x.nix>]; }", "<nixpkgs/nixos/modules/x.nix>", ""},
		{`{ boot.initrd.secrets."/keyfile" = /etc/keyfile; }`, "", ""},
		{"{ imports = [ /etc/nixos/disks.nix ]; }", "/etc/nixos/disks.nix", ""},
		{"{ imports = [ ../common ]; }", "../common", ""},
		{"{ a = import (disko/x.nix); }", "disko/x.nix", ""},
		{"{ a = { } // { b = a//c; }; b = ''\n ./x /y\n''; c = \"./x\"; } # ./y\n/* /z */", "", ""},
		{"{ config, pkgs, host, ... }: with host; { }", "", "host"},
		{"args@{ inputs, lib, ... }:\n{ imports = [ inputs.x ]; }", "", "inputs"},
		{"{ self, lib, disk ? \"/dev/sda\", ... }: { a = disk; }", "", ""}, // self is not used
		{"{ utils, config, pkgs, options, lib, ... }: { a = utils.x; }", "", ""},
		{`{ a = "${./key}"; }`, "./key", ""},
		{"{ a.b = 1; c = { d, e }: d + e; }", "", ""},
		{"args: { a = args.pkgs; }", "", ""},
	} {
		k := readNix(tt.text)
		if k.path != tt.path || k.argument != tt.argument {
			t.Errorf("%s\nrefers to %q and %q, want %q and %q", tt.text, k.path, k.argument, tt.path, tt.argument)
		}
	}
}

// What a person wrote into the machine's own file stays, and is neither doubled nor contradicted.
func TestKeepsEditedFile(t *testing.T) {
	f := with(func(f *Facts) {
		f.Existing = &ExistingFile{Path: "/etc/nixos/hardware-configuration.nix", Text: keptText}
		f.Parameters = []string{"resume_offset=42", "resume=/dev/sda1"}
		f.Swaps = []Swap{{Path: "/swapfile", Type: "file"}, {Path: "/other", Type: "file"}}
		f.Blocks[0].DMName, f.Blocks[0].DMUUID, f.Blocks[0].Parts = "vg-root", "LVM-x", []string{"dm-0"}
		f.Blocks = append(f.Blocks, Block{Name: "dm-0", DMName: "vg-root_rimage_0", Parts: []string{"dm-1"}},
			Block{Name: "dm-1", DMName: "second", DMUUID: "CRYPT-LUKS2-second", Parts: []string{"sdb1"}},
			Block{Name: "sdb1", UUID: "lower"},
			Block{Name: "sdc1", UUID: "data"})
		f.Mounts = append(f.Mounts,
			Mount{Point: "/data", Type: "ext4", Source: "/dev/sdc1", Root: "/", Number: "8:33", Fstab: []string{"noatime"}},
			Mount{Point: "/by-hand", Type: "ext4", Source: "/dev/sdc1", Root: "/", Number: "8:33"})
	})
	d := must(t, f, Overrides{})
	if d.Mode != modeKeep || d.Kept != keptText {
		t.Fatalf("mode %s, %q", d.Mode, d.Warnings)
	}
	for option, want := range map[string]string{
		"boot.kernelParams":                              "", // there already
		"boot.resumeDevice":                              `lib.mkDefault "/dev/disk/by-uuid/u"`,
		"services.xserver.videoDrivers":                  "",
		"boot.initrd.kernelModules":                      "",
		"boot.initrd.availableKernelModules":             `[ "raid0" "raid1" "raid10" "raid456" ]`,
		"boot.initrd.luks.devices.second.device":         `lib.mkDefault "/dev/disk/by-uuid/lower"`,
		"fileSystems./.device":                           "",
		"fileSystems./data.device":                       `lib.mkDefault "/dev/disk/by-uuid/data"`,
		"fileSystems./data.options":                      `lib.mkDefault [ "noatime" ]`,
		"fileSystems./by-hand.device":                    "", // nothing configures it
		"environment.sessionVariables.LIBVA_DRIVER_NAME": `lib.mkDefault "radeonsi"`,
	} {
		if got := value(t, d, option); got != want {
			t.Errorf("%s is %q, want %q", option, got, want)
		}
	}
	if told := d.told(); len(told) != 1 || !strings.HasPrefix(told[0], "/other (swap)") {
		t.Errorf("told is %q", told)
	}
	if d := must(t, f, Overrides{Mode: "probe", FileSystems: "none"}); len(d.Warnings) > 0 ||
		!slices.Equal(d.Mounts, []string{"/data", "/by-hand"}) {
		t.Errorf("where the rest is elsewhere: %q, mounts %q", d.Warnings, d.Mounts)
	}
	f.Existing.Text = strings.Replace(keptText, "swapDevices", `fileSystems."/x".device = "UUID=another"; swapDevices`, 1)
	if d := must(t, f, Overrides{}); d.Mode != modeProbe || !strings.Contains(d.Warnings[0],
		"it names UUID=another, which") {
		t.Errorf("with a disk of another machine: mode %s, %q", d.Mode, d.Warnings)
	}
	f.Existing.Text = strings.Replace(keptText, `"nofail"`, `"noatime"`, 1)
	d = must(t, f, Overrides{})
	if d.Mode != modeProbe || len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "boot.kernelParams") ||
		!strings.Contains(d.Warnings[0], "unplugged") {
		t.Errorf("mode %s, %q", d.Mode, d.Warnings)
	}
}
