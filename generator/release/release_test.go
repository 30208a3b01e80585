package release

import (
	"strings"
	"testing"
)

func TestMoved(t *testing.T) {
	for _, tt := range []struct {
		release string
		home    bool
		path    string
		hint    string // "" if it has not moved
	}{
		{"26.05", false, "services.ollama.acceleration", "use services.ollama.package"},
		{"25.11", false, "services.ollama.acceleration", ""},
		{"unstable", false, "hardware.opengl.enable", "use hardware.graphics.enable"},
		{"25.11", false, "hardware.opengl.driSupport32Bit", "use hardware.graphics.enable32Bit"},
		{"25.11", false, "services.promtail.enable", ""},
		{"26.05", false, "services.promtail.enable", "services: {alloy: {}} took its place"},
		{"26.05", true, "programs.git.userName", "use programs.git.settings.user.name"},
		{"26.05", false, "programs.git.userName", ""},
		{"26.05", true, "programs.git.userNames", ""},
		{"26.05", true, "programs.ssh.matchBlocks.host.user", "use programs.ssh.settings.host.user"},
	} {
		path := strings.Split(tt.path, ".")
		m, moved := Moved(tt.release, tt.home, path)
		if moved != (tt.hint != "") {
			t.Errorf("%s in %s: moved %t", tt.path, tt.release, moved)
		}
		if moved && m.Hint(path) != tt.hint {
			t.Errorf("%s: %q", tt.path, m.Hint(path))
		}
	}
}

func TestRename(t *testing.T) {
	for _, tt := range []struct{ release, path, want string }{
		{"unstable", "services.ollama.models", "services.ollama.modelsDir"},
		{"26.05", "services.ollama.models", "services.ollama.models"},
		{"unstable", "services.llama-cpp.extraFlags", "services.llama-cpp.extraFlags"}, // nothing to rename it to
		{"unstable", "hardware.opengl.enable", "hardware.graphics.enable"},
		{"unstable", "services.openssh.enable", "services.openssh.enable"},
	} {
		if got := strings.Join(Rename(tt.release, false, strings.Split(tt.path, ".")), "."); got != tt.want {
			t.Errorf("%s in %s: %s, want %s", tt.path, tt.release, got, tt.want)
		}
	}
}

func TestMovedTableIsInOrder(t *testing.T) {
	list := read().Moved
	for i, m := range list {
		if m.Use == "" && m.Why == "" || m.Since == "" {
			t.Errorf("%s: incomplete", m.Option)
		}
		for _, earlier := range list[:i] {
			if earlier.Home == m.Home && strings.HasPrefix(m.Option, earlier.Option+".") {
				t.Errorf("%s stands before %s and hides it", earlier.Option, m.Option)
			}
		}
	}
}
