package system

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// UnitFiles are the units that a built system brings, by name, as they lie below
// etc/systemd/system in its toplevel (nixpkgs, nixos/lib/systemd-lib.nix:
// generateUnits).
type UnitFiles map[string]UnitFile

// UnitFile is what the files say about a unit. The rest systemd tells, which runs it.
type UnitFile struct {
	// Wanted says that booting starts it: default.target leads to it.
	Wanted bool
	// Masked units are links to /dev/null (systemd.unit(5)).
	Masked bool
}

// Clock is a machine's time at one moment.
type Clock struct {
	Wall   time.Time
	Uptime time.Duration // since it booted, sleep included: proc_uptime(5)
}

// survey prints what of a machine does not change while it is looked at: its
// time, then the names of the unit files of toplevel $2 with the files behind
// them, then the lines that tie units together. It is a shell script, so that one
// command does it, here as well as through ssh.
const survey = `date +%s; cat "$1"; cd "$2/etc/systemd/system" 2>/dev/null || exit 0
set -- * */*; echo; printf '%s\n' "$@"; echo; realpath -m -- "$@"; echo
grep -sHE -d skip -- '^[[:blank:]]*(Wants|Requires|Requisite|BindsTo|Upholds)[[:blank:]]*=' "$@" || true`

// ReadUnitFiles reads the units of toplevel, nil if it has none, and the clock of the machine
// behind r, whose root is at root.
func ReadUnitFiles(ctx context.Context, r run.Runner, root, toplevel string) (UnitFiles, Clock, error) {
	res, err := r.Run(ctx, run.Command{
		Name: "/bin/sh", Args: []string{"-c", survey, "sh", path.Join("/", root, "proc/uptime"), toplevel},
		Timeout: time.Minute,
	})
	if err != nil {
		return nil, Clock{}, err
	}
	parts := strings.SplitN(res.Stdout, "\n\n", 4)
	now, rest, _ := strings.Cut(parts[0], "\n")
	seconds, err := strconv.ParseInt(strings.TrimSpace(now), 10, 64)
	if err != nil {
		return nil, Clock{}, fmt.Errorf("read the machine's time: %w", err)
	}
	at := Clock{Wall: time.Unix(seconds, 0)}
	first, _, _ := strings.Cut(rest, " ")
	if up, err := time.ParseDuration(strings.TrimSpace(first) + "s"); err == nil {
		at.Uptime = up
	}
	if len(parts) < 3 {
		return nil, at, nil
	}
	names, files := strings.Split(parts[1], "\n"), strings.Split(parts[2], "\n")
	if len(names) != len(files) {
		return nil, at, errors.New("read the units of the system: a file name contains a line break")
	}
	t := unitGraph{links: map[string][]string{}, alias: map[string]string{}, units: UnitFiles{}}
	for i, name := range names {
		t.file(name, files[i])
	}
	if len(parts) == 4 {
		for line := range strings.Lines(parts[3]) {
			t.line(line)
		}
	}
	for _, root := range bootRoots {
		t.add(root, "")
		t.want(root)
	}
	return t.units, at, nil
}

// bootRoots are what every boot starts (systemd.special(7), bootup(7)): the
// default target, and what the services of it imply.
var bootRoots = []string{
	"default.target", "multi-user.target", "sysinit.target", "basic.target",
	"sockets.target", "timers.target", "paths.target",
}

// unitKinds are the units that something can be said about: they run, listen or wait.
var unitKinds = []string{".service", ".socket", ".timer", ".path", ".mount", ".automount", ".swap", ".target"}

// unitGraph is a folder of unit files as a graph.
type unitGraph struct {
	links map[string][]string // by unit: the units it starts
	alias map[string]string   // other names of units
	units UnitFiles
}

// file takes in one file, a path below the folder, and what it leads to.
func (t *unitGraph) file(name, target string) {
	dir, base := path.Split(name)
	if dir != "" {
		for _, suffix := range []string{".wants/", ".requires/", ".upholds/"} {
			if unit, ok := strings.CutSuffix(dir, suffix); ok {
				t.links[unit] = append(t.links[unit], base)
				t.add(base, target)
			}
		}
		return
	}
	t.add(base, target)
	if real := path.Base(target); real != base && IsUnit(real) && !strings.Contains(base, "@") {
		t.alias[base] = real
	}
}

func (t *unitGraph) add(name, target string) {
	if IsUnit(name) {
		u := t.units[name]
		u.Masked = u.Masked || target == "/dev/null"
		t.units[name] = u
	}
}

// line takes in a line of a unit file or of a drop-in: "file:Wants=a.service b.service".
func (t *unitGraph) line(line string) {
	file, setting, _ := strings.Cut(line, ":")
	_, value, _ := strings.Cut(setting, "=")
	unit := strings.TrimSuffix(strings.TrimSuffix(path.Dir(file), "/"), ".d")
	if unit == "." {
		unit = file
	} else if !strings.HasSuffix(file, ".conf") {
		return
	}
	t.links[unit] = append(t.links[unit], strings.Fields(value)...)
}

// want marks what starting a unit starts.
func (t *unitGraph) want(name string) {
	if real := t.alias[name]; real != "" {
		name = real
	}
	u, known := t.units[name]
	if u.Wanted || !known {
		return
	}
	u.Wanted = true
	t.units[name] = u
	links := t.links[name]
	if template, ok := TemplateOf(name); ok {
		links = slices.Concat(links, t.links[template])
	}
	for _, other := range links {
		t.want(other)
	}
}

// IsUnit reports whether a name is one of a unit that something can be said about.
func IsUnit(name string) bool { return slices.Contains(unitKinds, path.Ext(name)) }

// TemplateOf is getty@.service for getty@tty1.service.
func TemplateOf(name string) (string, bool) {
	prefix, _, ok := strings.Cut(name, "@")
	return prefix + "@" + path.Ext(name), ok
}

// IsTemplate reports whether a unit exists only in instances.
func IsTemplate(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(name, path.Ext(name)), "@")
}

// stem returns the name of a unit without its kind and instance, by which the
// catalogue calls it: sshd for sshd.service, sshd.socket and sshd@.service.
func stem(name string) string {
	prefix, _, _ := strings.Cut(strings.TrimSuffix(name, path.Ext(name)), "@")
	return prefix
}

// Named lists the units that a pattern of the catalogue means, those that
// booting starts if there are any: nothing else of them need run.
func (u UnitFiles) Named(pattern string) []string {
	all := slices.DeleteFunc(slices.Sorted(maps.Keys(u)), func(name string) bool {
		ok, err := path.Match(pattern, stem(name))
		return err != nil || !ok || !slices.Contains([]string{".service", ".socket", ".timer", ".path"}, path.Ext(name))
	})
	idle := func(name string) bool { return !u[name].Wanted }
	if wanted := slices.DeleteFunc(slices.Clone(all), idle); len(wanted) > 0 {
		all = wanted
	}
	return slices.DeleteFunc(all, IsTemplate)
}

// Timers lists the timers that booting starts.
func (u UnitFiles) Timers() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(u)), func(name string) bool {
		return !u[name].Wanted || path.Ext(name) != ".timer" || IsTemplate(name)
	})
}
