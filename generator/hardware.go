package generator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
)

// hardware decides about drivers, boot loader and file systems, and writes
// hardware-configuration.nix.
func (h *host) hardware() error {
	chosen := h.node.Get("hardware")
	var over hardware.Overrides
	if err := chosen.Decode(&over); err != nil {
		return err
	}
	over.Release = h.channel.release
	over.System = h.node.Get("system").Str()
	facts, probed := h.in.Facts[h.profile.Name]
	if over.System == "" && facts.System == "" {
		over.System = DefaultSystem
	}
	if h.laidOut() {
		// What is mounted now, as on an installer, is not what will be.
		over.FileSystems, over.Mode = "none", cmp.Or(over.Mode, "probe")
		if !probed && over.Loader.Kind == "" {
			over.Loader.Kind = string(hardware.SystemdBoot)
		}
		if over.Loader.Kind == string(hardware.GRUB) && len(over.Loader.Devices) == 0 {
			over.Loader.Devices = []string{"nodev"} // disko names the disks that GRUB goes onto
		}
	}
	about := question{chosen: chosen, release: over.Release, system: over.System, laidOut: h.laidOut()}
	decided, err := h.in.known.decide(about, probed, facts, over)
	if err != nil {
		if chosen.Complete() && h.node.Known("hardware") {
			h.hardwareProblem(chosen, err)
		}
		return nil
	}
	if decided.failed != nil {
		return fmt.Errorf("write the hardware configuration: %w", decided.failed)
	}
	d := decided.Decision
	h.summary.System, h.summary.Probed, h.summary.Decision = d.System, probed, d
	h.hardwareNotices(chosen, d)
	for _, name := range d.Unfree {
		h.unfree[name] = true
	}
	for _, name := range d.NixosHardware {
		h.inputs["nixos-hardware"] = true
		h.imports = append(h.imports, nix.Ref{"inputs", "nixos-hardware", "nixosModules", name})
	}
	h.power(d)
	if d.Kept != "" {
		h.files = append(h.files, File{Path: "hosts/" + h.profile.Name + "/" + hardware.KeptName, Data: []byte(d.Kept)})
	}
	if d.Mode == "facter" && chosen.Known("report") {
		if err := h.copyReport(chosen.Get("report")); err != nil {
			return err
		}
	}
	if !h.in.NoFiles {
		h.keep("hardware-configuration.nix", decided.module)
	}
	return nil
}

// hardwareNotices tells of what is doubtful about the machine, and of what somebody may miss.
func (h *host) hardwareNotices(chosen *profile.Node, d hardware.Decision) {
	defer func(before int) {
		for i := range h.notices[before:] {
			h.notices[before+i].Machine = true
		}
	}(len(h.notices))
	warnings := d.Warnings
	isNew := func(text string) bool { return text == hardware.NoBoot || text == hardware.NoRoot }
	if !h.summary.Probed && slices.Contains(warnings, hardware.NoBoot) && slices.Contains(warnings, hardware.NoRoot) {
		warnings = slices.DeleteFunc(slices.Clone(warnings), isNew)
		h.notice(chosen, "boot loader and disks are not known: quick-deploy reads them on the machine itself; elsewhere, "+
			"run there: quick-deploy probe --json > %[1]s.json, and set hardware: {facts: ./%[1]s.json}", h.profile.Name)
	}
	for _, text := range warnings {
		h.notice(chosen, "%s", text)
	}
	for _, text := range d.Blockers {
		if h.summary.Probed {
			h.notice(chosen, "switch refuses this: %s", text)
		}
	}
	for _, x := range d.Dropped {
		if x.Told {
			h.notice(chosen, "left out of the hardware configuration: %s: %s", x.What, x.Why)
		}
	}
}

// copyReport copies the report of nixos-facter that the profile names.
func (h *host) copyReport(n *profile.Node) error {
	data, err := readBeside(n, h.in.Files)
	if err != nil {
		h.problem(n, "hardware.report cannot be read", err.Error(),
			"write it on that machine with: sudo nixos-facter -o "+n.Str())
		return nil
	}
	// Only what is one is copied into the flake: another file may hold a secret.
	var report struct {
		Version  int
		System   string
		Hardware map[string]json.RawMessage
	}
	if json.Unmarshal(data, &report) != nil || report.Version == 0 || report.System == "" || report.Hardware == nil {
		h.problem(n, "hardware.report is not a report of nixos-facter",
			"it is JSON with version, system and hardware",
			"write it with: sudo nixos-facter -o "+n.Str())
		return nil
	}
	h.files = append(h.files, File{Path: "hosts/" + h.profile.Name + "/" + hardware.ReportName, Data: data})
	return nil
}

// hardwareProblem places an error at the choice that cannot be followed.
func (h *host) hardwareProblem(chosen *profile.Node, err error) {
	var bad *hardware.OverrideError
	at := chosen
	if errors.As(err, &bad) {
		at = cmp.Or(chosen.Get(strings.Split(bad.Key, ".")...), at)
	}
	h.problem(cmp.Or(at, h.node), "hardware of "+h.profile.Name, err.Error(), "")
}

// power switches on compressed swap and what suits a machine with a battery.
func (h *host) power(d hardware.Decision) {
	power := h.node.Get("power")
	switch on := power.Get("zram"); {
	case on == nil && d.Zswap:
		h.notice(power, "the machine compresses its swap by zswap, so zram is left off; power.zram: true turns it on")
	case on == nil || on.Is(true):
		h.modules["zram.nix"] = true
		if d.Zram > 0 && power.Get("zramPercent") == nil {
			h.set(h.node, nix.Int(d.Zram), "zramSwap", "memoryPercent")
		}
	}
	if laptop := power.Get("laptop"); laptop.Is(true) || laptop == nil && d.Laptop {
		h.modules["laptop.nix"] = true
	}
}

// memory sizes a database by the machine's memory, as PostgreSQL's chapter on
// resource consumption suggests: a quarter for the shared buffers, three
// quarters expected to be cached. What the profile sets itself stays.
func (h *host) memory() error {
	for v := range h.visits("memory") {
		mib := int(h.summary.Decision.Memory >> 20)
		if mib == 0 || v.Node.Get("tune").Is(false) {
			continue
		}
		for _, s := range []struct {
			key, option string
			mib         int
		}{
			{"sharedBuffers", "shared_buffers", min(mib/4, 8192)},
			{"effectiveCacheSize", "effective_cache_size", mib * 3 / 4},
			{"maintenanceWorkMem", "maintenance_work_mem", min(mib/16, 2048)},
			{"workMem", "work_mem", min(max(mib/400, 4), 64)},
		} {
			if v.Node.Get(s.key) == nil && v.Node.Get("settings", s.option) == nil {
				h.set(v.Node, nix.Str(fmt.Sprintf("%dMB", s.mib)), "services", v.Service, "settings", s.option)
			}
		}
	}
	return nil
}

// acceleration chooses the build of a service that computes on the machine's
// graphics card. Without a probed card the service's module decides.
func (h *host) acceleration() error {
	for v := range h.visits("acceleration") {
		kind := cmp.Or(v.Node.Get("acceleration").Str(), string(h.summary.Decision.Acceleration))
		if kind == "" {
			continue
		}
		h.set(v.Node, accelerated(v.Service, kind, h.channel.release), "services", v.Service, "package")
		if kind == string(hardware.CUDA) {
			for _, name := range []string{"cuda_cccl", "cuda_crt", "cuda_cudart", "cuda_nvcc", "libcublas", "libnvvm"} {
				h.unfree[name] = true
			}
		}
	}
	return nil
}

// accelerated is a service's package for one way to compute (nixpkgs,
// pkgs/by-name/ol/ollama and pkgs/by-name/ll/llama-cpp).
func accelerated(service, kind, of string) nix.Expr {
	switch {
	case service == "llama-cpp" && kind == string(hardware.CUDA):
		return nix.Call{Fn: nix.Ref{"pkgs", service, "override"}, Args: []nix.Expr{
			nix.Attrs{Body: []nix.Binding{bind(nix.Bool(true), "cudaSupport")}},
		}}
	case kind == "cpu" && (service != "ollama" || !release.Has(of, "pkgs.ollama-cpu")):
		return nix.Ref{"pkgs", service}
	}
	return nix.Ref{"pkgs", service + "-" + kind}
}
