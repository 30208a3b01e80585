// Package gpu looks, after a system was activated, whether its graphics cards
// really work: the kernel driver is bound, the vendor's tool answers, Vulkan or
// OpenGL does not fall back to the processor, video is decoded. It only ever
// warns: a new driver mostly works after the next reboot, and a machine without
// a picture can still be a good server.
package gpu

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Outcome of a look.
type Outcome string

// The outcomes. Absent means that the tool is not installed, which is no fault.
const (
	Works  Outcome = "works"
	Warns  Outcome = "warns"
	Absent Outcome = "absent"
)

// Finding is what one look found.
type Finding struct {
	// Tool is what was asked: kernel, nvidia-smi, vulkaninfo, glxinfo, vainfo.
	Tool     string  `json:"tool"`
	Outcome  Outcome `json:"outcome"`
	Evidence string  `json:"evidence"`
	// Hint says what to do about a warning.
	Hint string `json:"hint,omitempty"`
}

// Validator looks at a machine.
type Validator struct {
	Runner run.Runner
	// Root is the folder that dev and sys lie in, / without it.
	Root string
	// Display is the value of DISPLAY; without it OpenGL through X is not asked.
	Display string
}

// timeout bounds each tool: a driver that hangs takes its tools with it.
const timeout = 20 * time.Second

// drivers are the kernel drivers that do a vendor's cards justice.
var drivers = map[string][]string{
	"nvidia": {"nvidia"}, "amd": {"amdgpu", "radeon"}, "intel": {"i915", "xe"},
}

// Validate looks at the cards of a vendor: nvidia, amd or intel.
func (v Validator) Validate(ctx context.Context, vendor string) []Finding {
	node, kernel := v.kernel(vendor)
	findings := []Finding{kernel}
	if vendor == "nvidia" {
		smi := v.nvidiaSMI(ctx)
		switch {
		case kernel.Outcome != Warns:
		case smi.Outcome == Works: // a server has no need of a render node
			findings = nil
		case smi.Outcome == Absent: // the driver comes with this very deployment
			findings[0].Outcome = Absent
		}
		findings = append(findings, smi)
	}
	findings = append(findings, v.rendering(ctx, vendor)...)
	if node != "" {
		findings = append(findings, v.video(ctx, node))
	}
	return findings
}

// Problem returns the first warning with its hint, nil if there is none.
func Problem(findings []Finding) error {
	for _, f := range findings {
		if f.Outcome == Warns {
			return fmt.Errorf("%s: %s; %s", f.Tool, f.Evidence, f.Hint)
		}
	}
	return nil
}

// Summary returns what works, on one line.
func Summary(findings []Finding) string {
	var parts []string
	for _, f := range findings {
		if f.Outcome == Works {
			parts = append(parts, f.Tool+": "+f.Evidence)
		}
	}
	return strings.Join(parts, "; ")
}

// kernel finds the render node that a driver of the vendor serves.
func (v Validator) kernel(vendor string) (node string, f Finding) {
	f = Finding{Tool: "kernel", Outcome: Warns}
	dir := path.Join("/", v.Root, "dev/dri")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.Evidence, f.Hint = err.Error(), "ls -l "+dir
		return "", f
	}
	var others []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "renderD") {
			continue
		}
		link, err := os.Readlink(path.Join("/", v.Root, "sys/class/drm", e.Name(), "device/driver"))
		if err != nil {
			continue
		}
		driver := path.Base(link)
		if slices.Contains(drivers[vendor], driver) {
			f.Outcome, f.Evidence = Works, fmt.Sprintf("%s by %s", e.Name(), driver)
			return "/dev/dri/" + e.Name(), f
		}
		others = append(others, driver)
	}
	want := strings.Join(drivers[vendor], " or ")
	if vendor == "nvidia" && slices.Contains(others, "nouveau") {
		f.Evidence, f.Hint = "nouveau still drives the card", "reboot: NVIDIA's driver takes over at the next boot"
		return "", f
	}
	f.Evidence = "no render node of " + want
	words := strings.Join(append(slices.Clone(drivers[vendor]), "drm"), "|")
	f.Hint = "reboot if the driver is new, or see journalctl -k -b | grep -iE '" + words + "'"
	return "", f
}

// nvidiaSMI asks NVIDIA's own tool, and knows what it says when it fails.
func (v Validator) nvidiaSMI(ctx context.Context) Finding {
	f, out, err := v.ask(ctx, "nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
	if f.Outcome == Absent {
		return f
	}
	f.Evidence = lines(out)
	if err == nil && strings.TrimSpace(out) != "" {
		f.Outcome = Works
		return f
	}
	if f.Evidence == "" && err != nil {
		f.Evidence = err.Error()
	}
	for _, known := range []struct{ text, hint string }{
		{"version mismatch", "reboot: the kernel still runs the old driver, and the programs belong to the new one"},
		{"couldn't communicate with the NVIDIA driver", "reboot if the driver is new, or see journalctl -k -b | grep NVRM"},
		{"No devices were found", "journalctl -k -b | grep NVRM says why the driver does not take the card; " +
			"hardware.nvidia.branch chooses an older driver"},
		{"GPU is lost", "power the machine off and on; if that does not help, the card or its power supply is at fault"},
		{"Insufficient Permissions", "add the user to the group video, or run it as root"},
	} {
		if strings.Contains(out+f.Evidence, known.text) {
			f.Hint = known.hint
			return f
		}
	}
	f.Hint = "reboot if the driver is new, or see journalctl -k -b | grep -iE 'nvidia|NVRM'"
	return f
}

// software are the names under which Mesa renders on the processor.
var software = []string{"llvmpipe", "lavapipe", "softpipe", "swrast"}

// rendering asks Vulkan what it renders on; OpenGL too where there is a display and
// the card is AMD's, whose OpenGL has a driver of its own, or Vulkan tells nothing.
func (v Validator) rendering(ctx context.Context, vendor string) []Finding {
	vulkan := v.renderer(ctx, "vulkaninfo", "--summary", "=", "deviceName")
	if v.Display == "" || vendor != "amd" && vulkan.Outcome != Absent {
		return []Finding{vulkan}
	}
	opengl := v.renderer(ctx, "glxinfo", "-B", ":", "OpenGL renderer string")
	if vulkan.Outcome == Absent {
		return []Finding{opengl}
	}
	return []Finding{vulkan, opengl}
}

// renderer asks a tool, whose lines of the form "mark separator name" name the devices.
func (v Validator) renderer(ctx context.Context, tool, arg, separator, mark string) Finding {
	f, out, err := v.ask(ctx, tool, arg)
	if f.Outcome == Absent {
		return f
	}
	var names []string
	for line := range strings.Lines(out) {
		name, value, ok := strings.Cut(line, separator)
		if ok && strings.TrimSpace(name) == mark {
			names = append(names, strings.TrimSpace(value))
		}
	}
	real := slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return slices.ContainsFunc(software, func(s string) bool { return strings.Contains(n, s) })
	})
	switch {
	case len(real) > 0:
		f.Outcome, f.Evidence = Works, strings.Join(real, ", ")
	case len(names) > 0:
		f.Evidence = "only the processor does the rendering (" + strings.Join(names, ", ") + ")"
		f.Hint = "turn on hardware.graphics.enable, and add the user to the group video, or log in at the screen"
	default:
		f.Evidence, f.Hint = reason(out, err, "no device"), "reboot if the driver is new"
	}
	return f
}

// video asks what the card decodes.
func (v Validator) video(ctx context.Context, node string) Finding {
	f, out, err := v.ask(ctx, "vainfo", "--display", "drm", "--device", node)
	if f.Outcome == Absent {
		return f
	}
	if profiles := strings.Count(out, "VAEntrypointVLD"); profiles > 0 {
		_, driver, _ := strings.Cut(out, "Driver version:")
		driver, _, _ = strings.Cut(driver, "\n")
		f.Outcome = Works
		f.Evidence = fmt.Sprintf("%d profiles decoded by %s", profiles, cmp.Or(strings.TrimSpace(driver), "the card"))
		return f
	}
	f.Evidence = reason(out, err, "it decodes no video format")
	f.Hint = "LIBVA_DRIVER_NAME must match the card, and its package must be in hardware.graphics.extraPackages"
	return f
}

// reason returns why a tool told nothing: its own last words, or what it is without an error.
func reason(out string, err error, otherwise string) string {
	if err == nil {
		return otherwise
	}
	all := strings.Split(strings.TrimSpace(out), "\n")
	return cmp.Or(strings.TrimSpace(all[len(all)-1]), err.Error())
}

// ask runs a tool and gives back all that it wrote, with a warning to be completed. A tool that is not installed
// makes the finding absent.
func (v Validator) ask(ctx context.Context, name string, args ...string) (f Finding, out string, err error) {
	absent := Finding{Tool: name, Outcome: Absent, Evidence: name + " is not installed"}
	if _, err := v.Runner.LookPath(name); err != nil {
		if !errors.Is(err, exec.ErrNotFound) {
			absent.Evidence = err.Error()
		}
		return absent, "", nil
	}
	c := run.Command{Name: name, Args: args, Timeout: timeout}
	if v.Display != "" {
		c.Env = []string{"DISPLAY=" + v.Display}
	}
	res, err := v.Runner.Run(ctx, c)
	if errors.Is(err, exec.ErrNotFound) {
		return absent, "", err
	}
	return Finding{Tool: name, Outcome: Warns}, res.Stdout + res.Stderr, err
}

// lines joins the lines of an output.
func lines(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
