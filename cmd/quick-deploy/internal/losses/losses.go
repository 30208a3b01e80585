// Package losses says in plain words what a machine would lose by a first
// switch: what the running system has and the new one has not. The two are
// compared as data, as they lie in the store; the old configuration is not
// evaluated. Contents are parsed only for what locks somebody out or stops the boot.
package losses

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
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

// String is the loss as one line.
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
	sshd     sshd
}

func read(t system.Toplevel) side {
	s := side{Toplevel: t, units: t.Units(), mounts: t.Mounts()}
	s.accounts, s.declares = t.Accounts()
	s.network, s.firewall = t.Network(s.units), t.Firewall(s.units)
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

// typed makes a name that can be given as a flag: commas separate several.
var typed = strings.NewReplacer(",", "-", " ", "-")

func (c *comparison) lose(name, format string, args ...any) {
	c.losses = append(c.losses, Loss{Name: typed.Replace(name), What: fmt.Sprintf(format, args...)})
}

func (c *comparison) block(d Danger, name, format string, args ...any) {
	c.lose(name, format, args...)
	c.losses[len(c.losses)-1].Danger = d
}

// dangerIf is the danger where it is one.
func dangerIf(is bool, d Danger) Danger {
	if is {
		return d
	}
	return None
}

// parts are the comparisons, in the order in which a person reads them.
var parts = []func(*comparison){
	(*comparison).accounts, (*comparison).keys, (*comparison).ssh, (*comparison).root,
	(*comparison).addresses, (*comparison).managers, (*comparison).ports,
	(*comparison).fileSystems, (*comparison).secrets, (*comparison).kernel, (*comparison).loader,
	(*comparison).settings, (*comparison).services, (*comparison).etc,
}

// Compare lists what goes when the machine switches from the system old to
// new, dangers first. Two systems of which nothing can be read have no losses.
func Compare(m system.Machine, old, new system.Toplevel) []Loss {
	c := &comparison{old: read(old), new: read(new), machine: m}
	c.people = c.remaining()
	for _, part := range parts {
		part(c)
	}
	slices.SortStableFunc(c.losses, func(a, b Loss) int {
		return boolean(b.Danger != None) - boolean(a.Danger != None)
	})
	return c.losses
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Accept marks the losses whose names were accepted.
func Accept(list []Loss, names []string) {
	for i := range list {
		list[i].Accepted = slices.Contains(names, list[i].Name)
	}
}

// Blockers are the losses that refuse the run.
func Blockers(list []Loss) []Loss {
	var out []Loss
	for _, l := range list {
		if l.Blocks() {
			out = append(out, l)
		}
	}
	return out
}

// without are the elements of a that b lacks, each once.
func without[T comparable](a, b []T) []T {
	var out []T
	for _, x := range a {
		if !slices.Contains(b, x) && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// orNone is a value as a person reads it.
func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func join(names []string) string { return strings.Join(names, ", ") }

// plural is the noun with an s where there are several.
func plural(noun string, names []string) string {
	if len(names) == 1 {
		return noun
	}
	return noun + "s"
}
