// Package losses says in plain words what a machine would lose by a first
// switch: what the running system has and the new one has not. The two are
// compared as data, as they lie in the store; the old configuration is not
// evaluated. Contents are parsed only for what locks somebody out or stops the boot.
package losses

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// Danger is why a loss refuses the run until it is accepted by name.
type Danger string

// The dangers.
const (
	None    Danger = ""
	LockOut Danger = "may lock somebody out"
	NoBoot  Danger = "may stop the boot"
)

// Loss is one thing that goes.
type Loss struct {
	Name     string `json:"name"` // for --accept: account:bob
	What     string `json:"what"` // in plain words
	Danger   Danger `json:"danger,omitempty"`
	Accepted bool   `json:"accepted,omitempty"`
}

// Blocks reports whether it refuses the run.
func (l Loss) Blocks() bool { return l.Danger != None && !l.Accepted }

// String returns the loss as one line.
func (l Loss) String() string {
	switch {
	case l.Accepted:
		return l.What + " (accepted)"
	case l.Danger != None:
		return fmt.Sprintf("%s (%s)", l.What, l.Danger)
	}
	return l.What
}

// side is one of the two systems, with what several comparisons need of it.
type side struct {
	system.Toplevel
	accounts system.Accounts
	declares bool // the accounts are known
	units    map[string]system.Unit
	mounts   []system.Mount
	network  system.Network
	firewall system.Firewall
	loader   hardware.Loader
	sshd     sshd
}

func read(t system.Toplevel) side {
	s := side{Toplevel: t, units: t.Units(), mounts: t.Mounts()}
	s.accounts, s.declares = t.Accounts()
	s.network, s.firewall = t.Network(s.units), t.Firewall(s.units)
	s.loader, _ = t.Loader("")
	s.sshd = readSSHD(s)
	return s
}

// enabled reports whether one of the units is there and pulled in.
func (s side) enabled(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return s.units[n].Wanted })
}

// comparison is the work on two systems of a machine.
type comparison struct {
	old, new side
	machine  system.Machine
	people   map[string]system.Account // who is left after the switch
	losses   []Loss
}

// flagName makes a name that can be given as a flag: commas separate several.
var flagName = strings.NewReplacer(",", "-", " ", "-")

func (c *comparison) lose(name, format string, args ...any) { c.block(None, name, format, args...) }

func (c *comparison) block(d Danger, name, format string, args ...any) {
	c.losses = append(c.losses, Loss{Name: flagName.Replace(name), What: fmt.Sprintf(format, args...), Danger: d})
}

// dangerIf returns the danger where it is one.
func dangerIf(is bool, d Danger) Danger {
	if is {
		return d
	}
	return None
}

// value is something of which a system has one.
type value struct {
	name, what string
	of         func(side) string
	unset      string // what it is where a system does not say; "none" unless set
	danger     Danger
}

// compare tells what each of the values was and becomes.
func (c *comparison) compare(values ...value) {
	for _, v := range values {
		if was, is := v.of(c.old), v.of(c.new); was != "" && was != is {
			c.block(v.danger, v.name, "%s: %s → %s", v.what, was, cmp.Or(is, v.unset, "none"))
		}
	}
}

// list is something of which a system has several. With a place for it in the name each that goes
// is a loss of its own, else they are one.
type list struct {
	name, what string // with the name, or all of the names, in the place of %s
	of         func(side) []string
	danger     Danger
}

// missing tells which of each list go.
func (c *comparison) missing(lists ...list) {
	for _, l := range lists {
		gone := without(l.of(c.old), l.of(c.new))
		if len(gone) > 0 && !l.each() {
			c.block(l.danger, l.name, l.what, join(gone))
			continue
		}
		for _, one := range gone {
			c.block(l.danger, strings.ReplaceAll(l.name, "%s", one), l.what, one)
		}
	}
}

func (l list) each() bool { return strings.Contains(l.name, "%s") }

// Compare lists what goes when the machine switches from the system old to
// new, dangers first, and else in the order in which a person reads them.
// Two systems of which nothing can be read have no losses.
func Compare(m system.Machine, old, new system.Toplevel) []Loss {
	c := &comparison{old: read(old), new: read(new), machine: m}
	c.people = c.findPeople()
	for _, part := range []func(){
		c.compareAccounts, c.compareKeys, c.compareSSH, c.compareRoot,
		c.compareAddresses, c.compareManagers, c.comparePorts,
		c.compareFileSystems, c.compareSecrets, c.compareKernel, c.compareLoader,
		c.compareSettings, c.compareServices, c.compareEtc,
	} {
		part()
	}
	danger := func(l Loss) bool { return l.Danger != None }
	return append(filter(c.losses, danger), filter(c.losses, func(l Loss) bool { return !danger(l) })...)
}

// Accept marks the losses whose names were accepted.
func Accept(list []Loss, names []string) {
	for i := range list {
		list[i].Accepted = slices.Contains(names, list[i].Name)
	}
}

// Blockers returns the losses that refuse the run.
func Blockers(list []Loss) []Loss { return filter(list, Loss.Blocks) }

func filter(list []Loss, is func(Loss) bool) []Loss {
	return slices.DeleteFunc(slices.Clone(list), func(l Loss) bool { return !is(l) })
}

// without returns the elements of a that b lacks, each once.
func without[T comparable](a, b []T) []T {
	var out []T
	for _, x := range a {
		if !slices.Contains(b, x) && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

func join(names []string) string { return strings.Join(names, ", ") }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// plural returns the noun with an s where there are several.
func plural(noun string, names []string) string {
	if len(names) == 1 {
		return noun
	}
	return noun + "s"
}

// removed returns the verb for them.
func removed(names []string) string {
	if len(names) == 1 {
		return "is removed"
	}
	return "are removed"
}
