package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/release"
)

// Decision is what follows from the facts: the options of
// hardware-configuration.nix with their reasons, and what other parts of the
// generator want to know about the machine.
type Decision struct {
	// System is the platform, such as x86_64-linux.
	System string `json:"system"`
	// Laptop tells whether a battery powers the machine or its chassis is
	// portable; Virtual whether it is a virtual machine or a container.
	Laptop  bool `json:"laptop"`
	Virtual bool `json:"virtual"`
	// Memory is in bytes; 0 is unknown. Zram is how much may be swapped to
	// compressed memory, in percent of it.
	Memory uint64 `json:"memory,omitempty"`
	Zram   int    `json:"zram"`

	// GPUs are the real graphics cards: first the one that the firmware showed
	// its picture on, then by address.
	GPUs []GPU `json:"gpus,omitempty"`
	// Acceleration is what programs can compute with.
	Acceleration Acceleration `json:"acceleration,omitempty"`
	// ROCmVersion is what HSA_OVERRIDE_GFX_VERSION must say, mostly nothing.
	ROCmVersion string `json:"rocmVersion,omitempty"`

	Loader Loader `json:"loader,omitzero"`
	// NixosHardware are the modules of nixos-hardware to import.
	NixosHardware []string `json:"nixosHardware,omitempty"`
	// Unfree are the packages (lib.getName) that need nixpkgs.config.allowUnfreePredicate.
	Unfree []string `json:"unfree,omitempty"`

	// Mode is what hardware-configuration.nix is: probe, keep or facter.
	Mode string `json:"mode"`
	// Report is the path of the facter report to put beside it, in mode facter.
	Report string `json:"report,omitempty"`
	// Kept is the file that the machine has, to be written unchanged as
	// KeptName beside hardware-configuration.nix, in mode keep.
	Kept string `json:"-"`

	// Reasons are why, in the order of the file.
	Reasons []Reason `json:"reasons,omitempty"`
	// Mounts are the places, beside the root, where the configuration mounts a disk that is mounted now.
	Mounts []string `json:"-"`
	// Zswap tells that the machine compresses its swap by zswap, beside which zram would do it twice.
	Zswap bool `json:"zswap,omitempty"`
	// Dropped are mounts and swaps that the configuration leaves out.
	Dropped []Dropped `json:"dropped,omitempty"`
	// Warnings are for the user; nothing stops.
	Warnings []string `json:"warnings,omitempty"`
	// Blockers are why the machine would not boot with this configuration.
	Blockers []string `json:"blockers,omitempty"`

	settings []setting
}

// Acceleration names what a program can compute on.
type Acceleration string

// What programs can compute on, the best first. Empty is the processor.
const (
	CUDA   Acceleration = "cuda"
	ROCm   Acceleration = "rocm"
	Vulkan Acceleration = "vulkan"
)

// Reason says why an option has its value.
type Reason struct {
	// Option is a NixOS option, or the subject where nothing was set.
	Option string `json:"option"`
	Value  string `json:"value,omitempty"`
	Why    string `json:"why"`
}

// Dropped is something of the running system that is not taken over.
type Dropped struct {
	What string `json:"what"`
	Why  string `json:"why"`
	// Told marks what somebody may miss; the rest is what programs mount.
	Told bool `json:"told,omitempty"`
}

// Names of files beside hardware-configuration.nix.
const (
	KeptName   = "hardware-kept.nix"
	ReportName = "facter.json"
)

// decider collects the decisions.
type decider struct {
	Decision
	facts Facts
	over  Overrides
	kept  keptFile // in mode keep
	err   error    // the first choice of the profile that cannot be followed
}

// setting is an option that was decided on.
type setting struct {
	path    []string
	value   nix.Expr
	comment string
}

// why is a reason. In a file it stands above the option if it is not obvious.
type why struct {
	why     string
	comment bool
}

// because makes a reason that the report gives; noted makes one that the file gives as well.
func because(text string) why { return why{why: text} }
func noted(text string) why   { return why{why: text, comment: true} }

var saysProfile = because("set in the profile")

// set decides on an option, named without quotes.
func (d *decider) set(option string, value nix.Expr, w why) {
	d.setPath(strings.Split(option, "."), value, w)
}

func (d *decider) setPath(path []string, value nix.Expr, w why) {
	if _, list := value.(nix.List); d.kept.sets(path) && (!list || slices.Equal(path, extraPackages)) {
		d.note(nix.FormatAttrPath(path), KeptName, "the kept file sets it")
		return
	}
	s := setting{path: path, value: value}
	if w.comment {
		s.comment = sentence(w.why)
	}
	d.settings = append(d.settings, s)
	if w.why != "" {
		d.Reasons = append(d.Reasons, Reason{Option: nix.FormatAttrPath(path), Value: display(value), Why: w.why})
	}
}

// extraPackages is a list that a kept file need not be added to: it has chosen the drivers.
var extraPackages = []string{"hardware", "graphics", "extraPackages"}

// rule is a decision: an option, when it is set, its value unless the user's own settings say another, and why.
type rule struct {
	option string
	when   bool
	value  nix.Expr
	why    why
}

const (
	yes = nix.Bool(true)
	no  = nix.Bool(false)
)

// apply sets what rules say, in their order.
func (d *decider) apply(rules ...rule) {
	for _, r := range rules {
		if r.when {
			d.set(r.option, mkDefault(r.value), r.why)
		}
	}
}

// on turns an option on, unless the user's own settings turn it off.
func (d *decider) on(option string, w why) { d.set(option, mkDefault(yes), w) }

// note records a decision that sets nothing.
func (d *decider) note(subject, value, why string) {
	d.Reasons = append(d.Reasons, Reason{Option: subject, Value: value, Why: why})
}

func (d *decider) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}

func (d *decider) block(format string, args ...any) {
	d.Blockers = append(d.Blockers, fmt.Sprintf(format, args...))
}

func (d *decider) leave(what, why string, told bool) {
	d.Dropped = append(d.Dropped, Dropped{What: what, Why: why, Told: told})
}

// refuse notes that a choice of the profile cannot be followed.
func (d *decider) refuse(key, format string, args ...any) {
	d.fail(&OverrideError{Key: key, Why: fmt.Sprintf(format, args...)})
}

func (d *decider) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// mkDefault makes a value that the user's own settings override.
func mkDefault(v nix.Expr) nix.Expr {
	return nix.Call{Fn: nix.Ref{"lib", "mkDefault"}, Args: []nix.Expr{v}}
}

// firm does the same, but wins over what a module of nixos-hardware has set by
// mkDefault for its model: a second, different mkDefault would contradict it.
func (d *decider) firm(v nix.Expr) nix.Expr {
	if len(d.NixosHardware) == 0 {
		return mkDefault(v)
	}
	return overDefaults(v)
}

// fact makes a value of what was seen on this very machine, or of what its profile says.
// It wins over what a module of nixos-hardware says plainly (100) of all machines of the
// model: the bus of a card moves when a disk is put in.
func (d *decider) fact(v nix.Expr) nix.Expr {
	if len(d.NixosHardware) == 0 {
		return overDefaults(v)
	}
	return override(90, v)
}

// overDefaults wins over mkDefault (priority 1000, or the 990 that
// nixos-hardware uses at times), but not over a plain value (100).
func overDefaults(v nix.Expr) nix.Expr { return override(900, v) }

func override(priority int, v nix.Expr) nix.Expr {
	return nix.Call{Fn: nix.Ref{"lib", "mkOverride"}, Args: []nix.Expr{nix.Int(priority), v}}
}

// toggle decides on an option that is turned on where a condition holds. The profile's answer wins, over what a
// module of nixos-hardware has set too.
func (d *decider) toggle(option string, given *bool, fallback bool, w why) {
	on, w := flag(given, fallback, w)
	switch {
	case given != nil && len(d.NixosHardware) > 0:
		d.set(option, d.fact(nix.Bool(on)), w)
	case on:
		d.on(option, w)
	}
}

// flag returns the profile's answer to a question, or else the fallback.
func flag(given *bool, fallback bool, w why) (bool, why) {
	if given != nil {
		return *given, saysProfile
	}
	return fallback, w
}

// Decide decides. An *OverrideError says that the profile asks for what cannot be.
func Decide(f Facts, o Overrides) (Decision, error) {
	o.Release = cmp.Or(o.Release, release.Default())
	d := &decider{facts: f, over: o}
	d.System = cmp.Or(o.System, f.System)
	d.Virtual = f.Virtualization != ""
	d.Laptop = d.facts.Form() == Portable
	d.Memory = f.Memory
	d.Zram = zramPercent(f.Memory)
	for _, step := range []func(){
		d.mode, d.model, d.ownKernel, d.imports, d.storage, d.kernel, d.loader, d.fileSystems, d.swap, d.platform,
		d.processor, d.graphics, d.guest, d.wireless,
	} {
		if step(); d.err != nil {
			return Decision{}, d.err
		}
	}
	slices.Sort(d.Unfree)
	d.Unfree = slices.Compact(d.Unfree)
	return d.Decision, nil
}

// A Form is what kind of machine a chassis is of.
type Form string

// The forms. A virtual machine that says nothing of racks has none.
const (
	Desktop  Form = "desktop"
	Portable Form = "portable" // it runs on a battery
	Server   Form = "server"
)

// Form goes by the chassis type (SMBIOS 3.7, 7.4.1) and the battery.
func (f Facts) Form() Form {
	switch c := f.Product.Chassis; {
	case c == 17, c == 23, 25 <= c && c <= 29: // racks, blades and what carries several boards
		return Server
	case f.Virtualization != "":
		return ""
	case f.Battery, 8 <= c && c <= 11, c == 14, 30 <= c && c <= 32:
		return Portable
	case 3 <= c && c <= 7, c == 13:
		return Desktop
	}
	return ""
}

// zramPercent returns 75 for less than 8 GiB, 50 for less than 16, else 25. MemTotal
// lacks what firmware and graphics take, so it is rounded to whole GiB: a
// machine sold with 16 GB counts as one.
func zramPercent(memory uint64) int {
	const gib = 1 << 30
	switch n := (memory + gib/2) / gib; {
	case n == 0:
		return 50
	case n < 8:
		return 75
	case n < 16:
		return 50
	default:
		return 25
	}
}

// display shows a value in a report, on one line.
func display(e nix.Expr) string {
	b, err := nix.Print(e)
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

// sentence makes a reason a comment.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// appendNew appends what a list does not have yet.
func appendNew[T comparable](list []T, items ...T) []T {
	for _, item := range items {
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}
