package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// What docs/hardware.md promises about cards after an activation, through the
// command: the tools of each vendor are asked, and a card that does not work is a warning.
func TestHealthLooksAtCards(t *testing.T) {
	const (
		amd  = "echo 'OpenGL renderer string: AMD Radeon RX 6800 (radeonsi, navi21)'"
		soft = "echo 'OpenGL renderer string: llvmpipe (LLVM 19.1.7, 256 bits)'"
	)
	for name, c := range map[string]struct {
		gpu, driver string
		display     string
		tools       map[string]string
		want        string // a regular expression for the check's line; a warning is unknown where it was not waited for
	}{
		"AMD on a display":             {"amd", "amdgpu", ":0", map[string]string{"glxinfo": `test "$DISPLAY" = :0 && ` + amd}, `passed .*amdgpu; glxinfo: AMD Radeon RX 6800`},
		"AMD on the processor":         {"amd", "amdgpu", ":0", map[string]string{"glxinfo": soft}, `(?:warning|unknown) .*glxinfo: only the processor does the rendering \(llvmpipe`},
		"AMD, Vulkan good, OpenGL not": {"amd", "amdgpu", ":0", map[string]string{"vulkaninfo": "echo 'deviceName = AMD'", "glxinfo": soft}, `(?:warning|unknown) .*glxinfo: only the processor`},
		"AMD without a display":        {"amd", "amdgpu", "", map[string]string{"glxinfo": "exit 1"}, `passed .*renderD128 by amdgpu$`},
		"AMD without a driver":         {"amd", "", ":0", nil, `(?:warning|unknown) .*no render node of amdgpu or radeon; reboot`},
		"NVIDIA":                       {"nvidia", "nvidia", ":0", map[string]string{"nvidia-smi": "echo 'RTX 2080, 595.84'"}, `passed .*nvidia-smi: RTX 2080`},
		"NVIDIA before the reboot":     {"nvidia", "nouveau", ":0", map[string]string{"nvidia-smi": "echo version mismatch; exit 9"}, `(?:warning|unknown) .*nouveau still drives the card; reboot`},
		"Intel, by video":              {"intel", "i915", ":0", map[string]string{"vainfo": "echo 'VAProfileH264Main : VAEntrypointVLD'"}, `passed .*vainfo: 1 profiles decoded`},
		"Intel, OpenGL without Vulkan": {"intel", "i915", ":0", map[string]string{"glxinfo": soft}, `(?:warning|unknown) .*glxinfo: only the processor`},
		"Intel, Vulkan where there is": {"intel", "xe", ":0", map[string]string{"vulkaninfo": "echo 'deviceName = Arc'", "glxinfo": soft}, `passed .*vulkaninfo: Arc`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put := func(path, text string, mode os.FileMode) {
				t.Helper()
				path = filepath.Join(dir, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), mode); err != nil {
					t.Fatal(err)
				}
			}
			put("quick-deploy.yaml", "version: 1\nhosts:\n  atlas: {system: x86_64-linux, stateVersion: \"26.05\", hardware: {gpu: "+c.gpu+"}}\n", 0o644)
			if c.driver != "" {
				put("machine/dev/dri/renderD128", "", 0o644)
				put("machine/sys/class/drm/renderD128/device/x", "", 0o644)
				if err := os.Symlink("/bus/pci/drivers/"+c.driver, dir+"/machine/sys/class/drm/renderD128/device/driver"); err != nil {
					t.Fatal(err)
				}
			}
			put("bin/systemctl", "#!/bin/sh\n", 0o755)
			for tool, script := range c.tools {
				put("bin/"+tool, "#!/bin/sh\n"+script+"\n", 0o755)
			}
			for variable, value := range map[string]string{
				"PATH": dir + "/bin", "DISPLAY": c.display, "SSH_CONNECTION": "", "USER": "ada", "HOME": dir, "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": "", "LOG_LEVEL": "",
			} {
				t.Setenv(variable, value)
			}
			var out, talk bytes.Buffer
			p := newProgram(strings.NewReader(""), &out, &talk)
			p.Sleep = func(context.Context, time.Duration) error { return context.Canceled } // one look is enough
			code := p.Execute([]string{"quick-deploy", "--profile", dir + "/quick-deploy.yaml", "--root", dir + "/machine", "--no-probe", "--allow-root", "health"})
			if !regexp.MustCompile(`(?m)^`+strings.Replace(c.want, " ", ` +gpu: `+c.gpu+` `, 1)).MatchString(out.String()) || code != fault.OK {
				t.Errorf("exit code %d:\n%s%s", code, &out, &talk)
			}
		})
	}
}
