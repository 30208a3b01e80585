package probe

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// inStore is a path of the store whose name is as given.
func inStore(name string) string { return "/nix/store/00000000000000000000000000000000-" + name }

// loaderOf probes a NixOS whose switch script has a text, with files beside it.
func loaderOf(t *testing.T, script string, files map[string]string) hardware.Loader {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"proc/sys/kernel/arch": "x86_64", "run/current-system/nixos-version": "25.11",
		"run/current-system/bin/switch-to-configuration": script,
	} {
		mustWrite(t, filepath.Join(root, name), text)
	}
	for name, text := range files {
		mustWrite(t, filepath.Join(root, name), text)
	}
	f, _ := Run(context.Background(), Options{Root: root})
	return f.Loader
}

func exported(command string) string {
	return "#!/bin/sh\nexport TOPLEVEL='/nix/store/x'\nexport INSTALL_BOOTLOADER='" + command + "'\nexec -a \"$0\" x\n"
}

// The program that the switch script names decides, whatever lies below /boot.
func TestLoaderByProgram(t *testing.T) {
	const systemdBoot, grub, extlinux, limine, none = hardware.SystemdBoot, hardware.GRUB, hardware.ExtLinux,
		hardware.Limine, hardware.NoLoader
	for _, tt := range []struct {
		script  string
		kind    hardware.LoaderKind
		program string
	}{
		{exported(inStore("install-grub.sh")), grub, ""},
		{exported(inStore("install-systemd-boot.sh")), systemdBoot, ""},
		{exported(inStore("systemd-boot/bin/systemd-boot")), systemdBoot, ""},
		{exported(inStore("systemd-boot-builder.py")), systemdBoot, ""},
		{exported(inStore("extlinux-conf-builder.sh") + " -g 20 -t 5 -c"), extlinux, ""},
		{exported(inStore("install-extlinux-conf.sh")), extlinux, ""},
		{exported(inStore("limine-install.sh")), limine, ""},
		{exported(inStore("limine-install.py")), limine, ""},
		{exported(inStore("coreutils-9.5") + "/bin/true"), none, ""},
		{exported(`echo '\''Warning: do not know how to make this configuration bootable; please enable a boot loader.'\'' 1>&2; true`),
			none, ""},
		{exported(inStore("no-bootloader")), none, ""},
		{exported(inStore("bootinstall") + "/bin/bootinstall"), hardware.OtherLoader, "lanzaboote"}, // 0.3
		{exported(inStore("bootinstall")), hardware.OtherLoader, "lanzaboote"},
		{exported(inStore("lzbt") + "/bin/lzbt"), hardware.OtherLoader, "lanzaboote"}, // 1.1
		{exported(inStore("refind-install.py")), hardware.OtherLoader, "rEFInd"},
		{exported(inStore("raspberrypi-builder.sh") + " -d /boot -c"), hardware.OtherLoader, "Raspberry Pi's firmware"},
		{exported(inStore("uboot-builder.sh") + " -f /boot/firmware -b /boot -c"), hardware.OtherLoader,
			"Raspberry Pi's firmware and U-Boot"},
		{exported(inStore("kernelboot-builder.sh") + " -f /boot/firmware -c"), hardware.OtherLoader,
			"Raspberry Pi's firmware"},
		{exported(inStore("nixos-generations-builder.sh") + " -g 4 -f /boot/firmware -c"), hardware.OtherLoader,
			"Raspberry Pi's firmware"},
		{exported(inStore("init-script-builder.sh")), hardware.OtherLoader, "initScript"},
		{exported(inStore("my-loader.sh")), hardware.OtherLoader, "my-loader.sh"},
		{exported(inStore("signed-boot-hook")), hardware.OtherLoader, "lanzaboote"}, // by what it calls, below
		{exported(inStore("systemd-boot-and-sync.sh")), hardware.OtherLoader, "systemd-boot-and-sync.sh"},
		{exported("/etc/nixos/hook.sh"), hardware.OtherLoader, "hook.sh"},
		{"export INSTALL_BOOTLOADER=\"" + inStore("install-grub.sh") + "\"", grub, ""},
		{"export INSTALL_BOOTLOADER=" + inStore("install-grub.sh"), grub, ""},
		{"\x7fELF\x00makeCWrapper '/x' \\\n --set 'INSTALL_BOOTLOADER' '" + inStore("install-grub.sh") + "' \\\n\x00", grub,
			""},
		{"#!/usr/bin/perl\nchomp(my $install_boot_loader = <<'EOFBOOTLOADER');\n" + inStore("install-grub.sh") +
			"\nEOFBOOTLOADER\n", grub, ""},
		{"#!/usr/bin/perl\nchomp(my $install_boot_loader = <<'EOFBOOTLOADER');\n" + inStore("my-loader.sh") +
			"\nEOFBOOTLOADER\n", hardware.OtherLoader, "my-loader.sh"},
		{"something new that calls " + inStore("coreutils-9.5") + "/bin/true and " + inStore("install-grub.sh"), grub, ""},
		{"names none", systemdBoot, ""}, // only then: by the files
	} {
		got := loaderOf(t, tt.script, map[string]string{
			"boot/loader/loader.conf": "timeout 5", inStore("signed-boot-hook"): "#!/bin/sh\n" + inStore("lzbt-0.4.1") +
				"/bin/lzbt install\n",
		})
		if got.Kind != tt.kind || got.Program != tt.program {
			t.Errorf("%q: %q by %q, want %q by %q", tt.script, got.Kind, got.Program, tt.kind, tt.program)
		}
	}
}

// What lanzaboote writes to /boot/EFI/Linux is no systemd-boot's.
func TestLoaderByFiles(t *testing.T) {
	for _, tt := range []struct {
		file string
		want hardware.LoaderKind
	}{
		{"boot/loader/loader.conf", hardware.SystemdBoot}, {"boot/grub/grub.cfg", hardware.GRUB},
		{"boot/extlinux/extlinux.conf", hardware.ExtLinux},
		{"boot/limine/limine.conf", hardware.Limine}, {"boot/EFI/Linux/nixos-generation-7-aaaaaaaa.efi",
			hardware.OtherLoader}, {"boot/x", ""},
	} {
		if got := loaderOf(t, "", map[string]string{tt.file: "", "etc/x": ""}); got.Kind != tt.want {
			t.Errorf("%s: %q, want %q", tt.file, got.Kind, tt.want)
		}
	}
	touched := loaderOf(t, "", map[string]string{
		"boot/loader/loader.conf": "",
		"proc/self/mountinfo":     "30 1 0:40 / /boot rw,relatime shared:1 - autofs systemd-1 rw,fd=1\n",
	})
	if touched.Kind != "" {
		t.Errorf("a /boot that is mounted on demand was looked into: %+v", touched)
	}
}

// grubXML is a grub-config.xml with attributes.
func grubXML(attrs ...string) string {
	return "<?xml version='1.0' encoding='utf-8'?>\n<expr>\n  <attrs>\n" + strings.Join(attrs, "\n") +
		"\n  </attrs>\n</expr>\n"
}

func attr(name, value string) string { return `<attr name="` + name + `">` + value + "</attr>" }

func TestGRUBSettings(t *testing.T) {
	install := "#!/bin/sh\nset -e\nexport GRUB_ENABLE_CRYPTODISK=y\n" +
		inStore("perl") + "/bin/perl " + inStore("install-grub.pl") + " " + inStore("1-grub-config.xml") + " $@\n" +
		inStore("perl") + "/bin/perl " + inStore("install-grub.pl") + " " + inStore("2-grub-config.xml") + " $@\n" +
		"rsync -a /boot1/ /boot3\n"
	common := []string{
		attr("canTouchEfiVariables", `<bool value="false" />`), attr("configurationLimit", `<int value="7" />`),
		attr("copyKernels", `<bool value="true" />`),
		attr("default", `<string value="saved" />`), attr("entryOptions", `<string value="--class nixos --unrestricted" />`),
		attr("extraConfig", `<string value="set superusers=&quot;root&quot;&#xA;password_pbkdf2 root grub.pbkdf2.sha512.10000.AAAA" />`),
		attr("extraEntries", `<string value="menuentry &quot;Arch&quot; {&#xA;  chainloader /EFI/arch.efi&#xA;}&#xA;&#xA;menuentry &quot;Memtest86+&quot; {&#xA;  linux @bootRoot@/memtest.bin &#xA;}&#xA;" />`),
		attr("extraGrubInstallArgs", `<list><string value="--modules=nativedisk" /><string value="-v" /></list>`),
		attr("extraPrepareConfig",
			`<string value="/nix/store/x/bin/install -Dp /nix/store/y/memtest.bin /boot1/memtest.bin&#xA;/nix/store/x/bin/install -Dp '/nix/store/y' '/boot1'/'own.efi'&#xA;echo hello&#xA;" />`),
		attr("font", `<string value="/nix/store/x-grub/share/grub/unicode.pf2" />`),
		attr("grubTargetEfi", `<string value="x86_64-efi" />`),
		attr("splashImage", `<string value="/nix/store/x-nixos-wallpaper.png" />`),
		attr("theme", `<string value="/nix/store/x-theme" />`),
		attr("timeout", `<int value="-1" />`), attr("timeoutStyle", `<string value="hidden" />`),
		attr("useOSProber", `<bool value="true" />`),
		attr("users", `<attrs><attr name="root"><attrs><attr name="password"><string value="hunter2" /></attr></attrs></attr></attrs>`),
	}
	place := func(n, id string) []string {
		return append([]string{
			attr("bootPath", `<string value="/boot`+n+`" />`), attr("efiSysMountPoint", `<string value="/boot`+n+`" />`),
			attr("devices", `<list><string value="nodev" /></list>`), attr("bootloaderId", `<string value="`+id+`" />`),
		}, common...)
	}
	got := loaderOf(t, exported(inStore("install-grub.sh")), map[string]string{
		inStore("install-grub.sh"): install, inStore("1-grub-config.xml"): grubXML(place("1", "NixOS-boot1")...),
		inStore("2-grub-config.xml"): grubXML(place("2", "Second")...),
	})
	want := hardware.Loader{
		Kind: hardware.GRUB, EFI: true, Mount: "/boot1", Devices: []string{"nodev"}, KeepsVariables: true,
		Mirrors: []hardware.Mirror{
			{Path: "/boot1", Devices: []string{"nodev"}, EFI: "/boot1"},
			{Path: "/boot2", Devices: []string{"nodev"}, EFI: "/boot2", ID: "Second"},
		},
		Settings: map[string]string{
			"boot.loader.grub.configurationLimit": "7", "boot.loader.grub.copyKernels": "true",
			"boot.loader.grub.default":              "saved",
			"boot.loader.grub.enableCryptodisk":     "true",
			"boot.loader.grub.extraEntries":         "menuentry \"Arch\" {\n  chainloader /EFI/arch.efi\n}\n",
			"boot.loader.grub.extraGrubInstallArgs": "--modules=nativedisk\n-v", "boot.loader.grub.timeoutStyle": "hidden",
			"boot.loader.grub.memtest86.enable": "true", "boot.loader.grub.useOSProber": "true", "boot.loader.timeout": "-1",
		},
		Files: []string{"own.efi"},
		Unread: []string{
			"boot.loader.grub.extraConfig", "boot.loader.grub.extraInstallCommands", "boot.loader.grub.extraPrepareConfig",
			"boot.loader.grub.splashImage",
			"boot.loader.grub.theme", "boot.loader.grub.users",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	plain := loaderOf(t, exported(inStore("install-grub.sh")), map[string]string{
		inStore("install-grub.sh"): "perl " + inStore("install-grub.pl") + " " + inStore("grub-config.xml") + " $@\n",
		inStore("grub-config.xml"): grubXML(attr("devices", `<list><string value="/dev/sda" /></list>`),
			attr("bootPath", `<string value="/boot" />`),
			attr("efiSysMountPoint", `<string value="/boot" />`), attr("bootloaderId", `<string value="NixOS-boot" />`),
			attr("timeout", `<int value="5" />`),
			attr("grubTargetEfi", `<string value="" />`), attr("canTouchEfiVariables", `<bool value="false" />`),
			attr("splashImage", `<string value="/nix/store/x-simple-dark-gray-bootloader-2018-08-28/share/artwork/gnome/nix-wallpaper-simple-dark-gray_bootloader.png" />`),
			attr("users", "<attrs></attrs>"), attr("extraPrepareConfig", `<string value="" />`)),
	})
	if diff := cmp.Diff(hardware.Loader{Kind: hardware.GRUB, Devices: []string{"/dev/sda"}, KeepsVariables: true},
		plain); diff != "" {
		t.Errorf("a GRUB as it comes (-want +got):\n%s", diff)
	}
}

// builder is the head of systemd-boot-builder.py.
const builder = `#!/nix/store/x/bin/python3 -B
EFI_SYS_MOUNT_POINT = Path("/efi")
BOOT_MOUNT_POINT = Path("/boot")
LOADER_CONF = EFI_SYS_MOUNT_POINT / "loader/loader.conf"  # Always stored on the ESP
NIXOS_DIR = Path("/EFI/nixos".strip("/"))
TIMEOUT = "menu-force"
EDITOR = "" == "1" # noqa: PLR0133
CONSOLE_MODE = "max"
DISTRO_NAME = "NixOS"
CONFIGURATION_LIMIT = int("20")
REBOOT_FOR_BITLOCKER = bool("1")
CAN_TOUCH_EFI_VARIABLES = ""
GRACEFUL = "1"
COPY_EXTRA_FILES = "/nix/store/00000000000000000000000000000000-copy-extra-files"
BOOT_COUNTING = "True" == "True"
`

func TestSystemdBootSettings(t *testing.T) {
	install := func(source, to string) string {
		at := strings.LastIndex("/"+to, "/")
		return "/nix/store/x-coreutils/bin/install -Dp \"" + source + "\" \"/boot/" + to[:at] + "\"" + to[at:] +
			"\n/nix/store/x-coreutils/bin/install -D /dev/null \"/boot//EFI/nixos/.extra-files/\"" + to + "\n"
	}
	got := loaderOf(t, exported(inStore("install-systemd-boot.sh")), map[string]string{
		inStore("install-systemd-boot.sh"): "#!/bin/sh\nset -euo pipefail\n" + inStore("systemd-boot") +
			"/bin/systemd-boot \"$@\"\nrsync -a /boot/ /boot2\n",
		inStore("systemd-boot/bin/systemd-boot"): builder,
		inStore("copy-extra-files"): "#!/bin/sh\n" + install("/nix/store/x/mt86plus.efi", "efi/memtest86/memtest.efi") +
			install("/nix/store/x/shell.efi", "efi/edk2-uefi-shell/shell.efi") +
			install("/nix/store/x/own.efi", "EFI/own/own.efi") + install(inStore("memtest86.conf"),
			"loader/entries/memtest86.conf") +
			install(inStore("windows_11.conf"), "loader/entries/windows_11.conf") +
			install(inStore("own.conf"), "loader/entries/own.conf"),
		inStore("windows_11.conf"):     "title Windows elf\nefi /efi/edk2-uefi-shell/shell.efi\noptions -nointerrupt -nomap -noversion HD0b1:EFI\\Microsoft\\Boot\\Bootmgfw.efi\nsort-key o_windows_11\n",
		inStore("own.conf"):            "title Own\nefi /EFI/own/own.efi\n",
		"run/current-system/boot.json": `{"org.nixos.bootspec.v1": {"label": "NixOS"}, "org.nixos.systemd-boot": {"sortKey": "a_nixos", "devicetree": null}}`,
	})
	want := hardware.Loader{
		Kind: hardware.SystemdBoot, Mount: "/efi", XBOOTLDR: "/boot", KeepsVariables: true,
		Settings: map[string]string{
			"boot.loader.timeout": "menu-force", "boot.loader.systemd-boot.editor": "",
			"boot.loader.systemd-boot.consoleMode":        "max",
			"boot.loader.systemd-boot.configurationLimit": "20", "boot.loader.systemd-boot.rebootForBitlocker": "1",
			"boot.loader.systemd-boot.graceful":         "1",
			"boot.loader.systemd-boot.memtest86.enable": "true", "boot.loader.systemd-boot.sortKey": "a_nixos",
			"boot.loader.systemd-boot.windows.11.efiDeviceHandle": "HD0b1",
			"boot.loader.systemd-boot.windows.11.title":           "Windows elf",
		},
		Entries: map[string]string{"own.conf": "title Own\nefi /EFI/own/own.efi\n"},
		Files:   []string{"EFI/own/own.efi"},
		Unread:  []string{"boot.loader.systemd-boot.bootCounting", "boot.loader.systemd-boot.extraInstallCommands"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// As it comes, in the text of an older builder.
	old := loaderOf(t, exported(inStore("systemd-boot")+"/bin/systemd-boot"), map[string]string{
		inStore("systemd-boot/bin/systemd-boot"): "EFI_SYS_MOUNT_POINT = \"/boot\"\nBOOT_MOUNT_POINT = \"/boot\"\nTIMEOUT = \"5\"\nEDITOR = \"1\" == \"1\"\nCONSOLE_MODE = \"keep\"\n" +
			"CONFIGURATION_LIMIT = int(\"0\")\nREBOOT_FOR_BITLOCKER = bool(\"\")\nCAN_TOUCH_EFI_VARIABLES = \"1\"\nGRACEFUL = \"\"\nBOOT_COUNTING = \"False\" == \"True\"\n",
	})
	if diff := cmp.Diff(hardware.Loader{Kind: hardware.SystemdBoot, Mount: "/boot"}, old); diff != "" {
		t.Errorf("a systemd-boot as it comes (-want +got):\n%s", diff)
	}
}

func TestExtlinuxSettings(t *testing.T) {
	const at = "boot.loader.generic-extlinux-compatible."
	own := map[string]string{at + "configurationLimit": "3", "boot.loader.timeout": "-1",
		"hardware.deviceTree.name": "rockchip/board.dtb", at + "useGenerationDeviceTree": "false"}
	for name, tt := range map[string]struct {
		command string
		text    string
		want    map[string]string
	}{
		"as it comes": {inStore("extlinux-conf-builder.sh") + " -g 20 -t 5 -c", "", nil},
		"in the name": {inStore("extlinux-conf-builder.sh") + " -g 3 -t -1 -n rockchip/board.dtb -r -c", "", own},
		"in a script": {inStore("install-extlinux-conf.sh"), "#!/bin/sh\nset -e\n" + inStore("extlinux-conf-builder.sh") +
			" -g 3 -t -1 -n rockchip/board.dtb -r -d '/boot' -c \"$@\"\n", own},
		"mirrored": {inStore("install-extlinux-conf.sh"), inStore("extlinux-conf-builder.sh") +
			" -g 20 -t 5 -d '/boot1' -c \"$@\"\n" + inStore("extlinux-conf-builder.sh") + " -g 20 -t 5 -d '/boot2' -c \"$@\"\n",
			map[string]string{at + "mirroredBoots": "/boot1\n/boot2"}},
	} {
		got := loaderOf(t, exported(tt.command), map[string]string{inStore("install-extlinux-conf.sh"): tt.text})
		if diff := cmp.Diff(hardware.Loader{Kind: hardware.ExtLinux, Settings: tt.want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLimineSettings(t *testing.T) {
	read := func(config string) hardware.Loader {
		return loaderOf(t, exported(inStore("limine-install.sh")), map[string]string{
			inStore("limine-install.sh"): "#!/bin/sh\nset -euo pipefail\n" + inStore("limine-install.py") + " \"$@\"\n",
			inStore("limine-install.py"): "#!/x/python3\nconfig = json.load(open('" + inStore("limine-install.json") +
				"', 'r'))\n", inStore("limine-install.json"): config,
		})
	}
	style := `"style": {"wallpapers": ["/nix/store/x-simple-dark-gray-bootloader/share/x.png"], "wallpaperStyle": "stretched", "backdrop": "2F302F", "interface": {"branding": null, "helpHidden": false}}`
	got := read(`{"canTouchEfiVariables": true, "efiRemovable": false, "efiMountPoint": "/boot", "efiSupport": true, "biosSupport": false, "biosDevice": "nodev", "maxGenerations": 0,
		"enableEditor": false, "enrollConfig": false, "panicOnChecksumMismatch": false, "validateChecksums": true, "force": false, "extraConfig": "", "extraEntries": "",
		"partitionIndex": null, "timeout": 5, "additionalFiles": {}, "secureBoot": {"enable": false}, ` + style + `}`)
	if diff := cmp.Diff(hardware.Loader{Kind: hardware.Limine, Mount: "/boot"}, got); diff != "" {
		t.Errorf("a Limine as it comes (-want +got):\n%s", diff)
	}
	got = read(`{"canTouchEfiVariables": false, "efiRemovable": true, "efiMountPoint": "/efi", "efiSupport": true, "biosSupport": true, "biosDevice": "/dev/sda", "maxGenerations": 15,
		"enableEditor": false, "enrollConfig": true, "panicOnChecksumMismatch": true, "validateChecksums": true, "extraEntries": "/Arch\n  protocol: efi\n", "partitionIndex": 3, "timeout": "no",
		"additionalFiles": {"m1n1/boot.bin": "/nix/store/x"}, "secureBoot": {"enable": true}, "style": {"wallpapers": ["/nix/store/x-own.png"]}}`)
	want := hardware.Loader{
		Kind: hardware.Limine, Mount: "/efi", KeepsVariables: true, Files: []string{"m1n1/boot.bin"},
		Unread: []string{"boot.loader.limine.style"},
		Settings: map[string]string{
			"boot.loader.limine.biosDevice": "/dev/sda", "boot.loader.limine.biosSupport": "true",
			"boot.loader.limine.maxGenerations":          "15",
			"boot.loader.limine.panicOnChecksumMismatch": "true", "boot.loader.limine.extraEntries": "/Arch\n  protocol: efi\n",
			"boot.loader.limine.partitionIndex": "3", "boot.loader.timeout": "no",
			"boot.loader.limine.secureBoot.enable": "true",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a script or a file of the store holds instead of NixOS's text stops nothing.
func TestGarbledLoader(t *testing.T) {
	for _, text := range []string{"", "<expr>", "\xff\xfe", `{"style": 3`, strings.Repeat("INSTALL_BOOTLOADER=", 1000)} {
		for _, program := range []string{"install-grub.sh", "install-systemd-boot.sh", "limine-install.sh",
			"install-extlinux-conf.sh"} {
			names := inStore("grub-config.xml") + " " + inStore("limine-install.json") + " " + inStore("systemd-boot") + "\n"
			got := loaderOf(t, exported(inStore(program)), map[string]string{
				inStore(program): names + text, inStore("grub-config.xml"): text, inStore("limine-install.json"): text,
				inStore("systemd-boot"): text,
			})
			if len(got.Settings) > 0 || got.Kind == "" {
				t.Errorf("%s of %.20q: %+v", program, text, got)
			}
		}
	}
}
