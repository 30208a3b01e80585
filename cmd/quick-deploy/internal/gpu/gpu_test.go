package gpu

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// answers stands in for the machine's programs.
type answers map[string]answer

type answer struct {
	stdout, stderr string
	err            error
}

func (a answers) Run(_ context.Context, c run.Command) (run.Result, error) {
	x := a[c.Name]
	return run.Result{Stdout: x.stdout, Stderr: x.stderr}, x.err
}

func (a answers) LookPath(name string) (string, error) {
	if _, ok := a[name]; !ok {
		return "", exec.ErrNotFound
	}
	return "/bin/" + name, nil
}

// card makes a machine whose render node is served by driver.
func card(t *testing.T, driver string) string {
	t.Helper()
	root := t.TempDir()
	if driver == "" {
		return root
	}
	node := filepath.Join(root, "dev/dri/renderD128")
	device := filepath.Join(root, "sys/class/drm/renderD128/device")
	for _, dir := range []string{filepath.Dir(node), device} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(node, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../../../bus/pci/drivers/"+driver, filepath.Join(device, "driver")); err != nil {
		t.Fatal(err)
	}
	return root
}

const (
	vulkan = "GPU0:\n\tapiVersion         = 1.4.303\n\tdeviceName         = NVIDIA GeForce RTX 2080\nGPU1:\n\tdeviceName         = llvmpipe (LLVM 19.1.7, 256 bits)\n"
	va     = "vainfo: VA-API version: 1.22 (libva 2.22.0)\nvainfo: Driver version: Intel iHD driver for Intel(R) Gen Graphics - 25.1.4\n      VAProfileH264Main               :\tVAEntrypointVLD\n      VAProfileHEVCMain               :\tVAEntrypointVLD\n      VAProfileHEVCMain               :\tVAEntrypointEncSlice\n"
)

func TestValidate(t *testing.T) {
	failed := errors.New("exit status 9")
	tests := []struct {
		name, vendor, driver string
		tools                answers
		tool                 string
		outcome              Outcome
		evidence, hint       string
	}{
		{"nvidia works", "nvidia", "nvidia", answers{"nvidia-smi": {stdout: "NVIDIA GeForce RTX 2080, 595.84\n"}},
			"nvidia-smi", Works, "NVIDIA GeForce RTX 2080, 595.84", ""},
		{"two cards", "nvidia", "nvidia", answers{"nvidia-smi": {stdout: "NVIDIA H100, 595.84\nNVIDIA H100, 595.84\n"}},
			"nvidia-smi", Works, "NVIDIA H100, 595.84; NVIDIA H100, 595.84", ""},
		{"no tool yet", "nvidia", "nvidia", nil, "nvidia-smi", Absent, "nvidia-smi is not installed", ""},
		{"before the reboot", "nvidia", "nouveau",
			answers{"nvidia-smi": {stdout: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure …\n",
				err: failed}}, "nvidia-smi", Warns, "couldn't communicate", "reboot"},
		{"nouveau", "nvidia", "nouveau", answers{"nvidia-smi": {err: failed}}, "kernel", Warns, "nouveau", "reboot"},
		{"first deployment", "nvidia", "nouveau", nil, "kernel", Absent, "nouveau", "reboot"},
		{"mismatch", "nvidia", "nvidia",
			answers{"nvidia-smi": {stdout: "Failed to initialize NVML: Driver/library version mismatch\n", err: failed}},
			"nvidia-smi", Warns, "mismatch", "reboot"},
		{"unsupported card", "nvidia", "nvidia", answers{"nvidia-smi": {stdout: "No devices were found\n", err: failed}},
			"nvidia-smi", Warns, "No devices", "hardware.nvidia.branch"},
		{"silent failure", "nvidia", "nvidia", answers{"nvidia-smi": {err: failed}}, "nvidia-smi", Warns, "exit status 9",
			"journalctl"},
		{"silent success", "nvidia", "nvidia", answers{"nvidia-smi": {}}, "nvidia-smi", Warns, "", "journalctl"},
		{"amd works", "amd", "amdgpu", nil, "kernel", Works, "renderD128 by amdgpu", ""},
		{"amd without a node", "amd", "", nil, "kernel", Warns, "no render node of amdgpu or radeon", "journalctl"},
		{"intel by xe", "intel", "xe", nil, "kernel", Works, "renderD128 by xe", ""},
		{"other vendor's node", "intel", "amdgpu", nil, "kernel", Warns, "no render node of i915 or xe", "i915|xe"},
		{"vulkan", "amd", "amdgpu", answers{"vulkaninfo": {stdout: vulkan}}, "vulkaninfo", Works, "NVIDIA GeForce RTX 2080",
			""},
		{"software vulkan", "amd", "amdgpu", answers{"vulkaninfo": {stdout: "deviceName = llvmpipe (LLVM 19)\n"}},
			"vulkaninfo", Warns, "only the processor does the rendering", "hardware.graphics.enable"},
		{"vulkan fails", "amd", "amdgpu", answers{"vulkaninfo": {stderr: "ERROR_INCOMPATIBLE_DRIVER\n", err: failed}},
			"vulkaninfo", Warns, "ERROR_INCOMPATIBLE_DRIVER", "reboot"},
		{"opengl", "amd", "amdgpu",
			answers{"glxinfo": {stdout: "OpenGL renderer string: AMD Radeon RX 6800 (radeonsi, navi21)\n"}}, "glxinfo", Works,
			"AMD Radeon RX 6800", ""},
		{"opengl beside vulkan", "amd", "amdgpu", answers{"vulkaninfo": {stdout: vulkan},
			"glxinfo": {stdout: "OpenGL renderer string: llvmpipe (LLVM 19)\n"}}, "glxinfo", Warns,
			"only the processor does the rendering (llvmpipe", "hardware.graphics.enable"},
		{"video", "intel", "i915", answers{"vainfo": {stdout: va}}, "vainfo", Works, "2 profiles decoded by Intel iHD driver",
			""},
		{"no video", "intel", "i915", answers{"vainfo": {stderr: "libva error: iHD_drv_video.so init failed\n", err: failed}},
			"vainfo", Warns, "init failed", "LIBVA_DRIVER_NAME"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := Validator{Runner: tt.tools, Root: card(t, tt.driver), Display: ":0"}
			findings := v.Validate(context.Background(), tt.vendor)
			for _, f := range findings {
				if f.Tool != tt.tool {
					continue
				}
				if f.Outcome != tt.outcome || !strings.Contains(f.Evidence, tt.evidence) || !strings.Contains(f.Hint, tt.hint) {
					t.Errorf("got %+v", f)
				}
				if f.Outcome == Warns && f.Hint == "" {
					t.Errorf("a warning without a hint: %+v", f)
				}
				if tt.outcome == Works && Problem([]Finding{f}) != nil || tt.outcome == Warns && Problem([]Finding{f}) == nil {
					t.Errorf("Problem does not fit %+v", f)
				}
				return
			}
			t.Errorf("%s was not asked: %+v", tt.tool, findings)
		})
	}
}

// Data centre cards without a render node work all the same.
func TestServerWithoutRenderNode(t *testing.T) {
	v := Validator{Runner: answers{"nvidia-smi": {stdout: "NVIDIA H100 80GB HBM3, 580.159.04\n"}}, Root: card(t, "")}
	if findings := v.Validate(context.Background(), "nvidia"); Problem(findings) != nil {
		t.Errorf("got %+v", findings)
	}
}

func TestOpenGLOnlyWithAScreen(t *testing.T) {
	v := Validator{Runner: answers{"glxinfo": {}}, Root: card(t, "amdgpu")}
	for _, f := range v.Validate(context.Background(), "amd") {
		if f.Tool == "glxinfo" {
			t.Errorf("asked without DISPLAY: %+v", f)
		}
	}
}

func TestSummary(t *testing.T) {
	v := Validator{Runner: answers{"vulkaninfo": {stdout: vulkan}, "vainfo": {stdout: va}}, Root: card(t, "i915")}
	got := Summary(v.Validate(context.Background(), "intel"))
	want := "kernel: renderD128 by i915; vulkaninfo: NVIDIA GeForce RTX 2080; vainfo: 2 profiles decoded by Intel iHD driver for Intel(R) Gen Graphics - 25.1.4"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
