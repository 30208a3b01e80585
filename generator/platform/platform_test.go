package platform

import "testing"

func TestTable(t *testing.T) {
	for name, want := range map[string]string{
		"steam": "x86_64-linux", "zoom-us": "x86_64-linux", "ubootRaspberryPi4_64bit": "aarch64-linux",
		"git": "", "obsidian": "", "": "", "x86_64-linux": "",
	} {
		if got := Package(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if Option("programs.steam.enable") != "x86_64-linux" || Option("steam") != "" || Option("programs.git.enable") != "" {
		t.Error("options are not told from packages")
	}
	for name, system := range only() {
		if system != "x86_64-linux" && system != "aarch64-linux" {
			t.Errorf("%s: %s", name, system)
		}
	}
}
