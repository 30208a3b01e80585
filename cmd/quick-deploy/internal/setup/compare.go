package setup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/adopt"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/catalogue"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// watched are the options by which the old and the new configuration are compared.
func (ad *adoption) watched(g *Guide) [][]string {
	paths := [][]string{
		{"networking", "hostName"}, {"time", "timeZone"}, {"i18n", "defaultLocale"}, {"services", "xserver", "xkb", "layout"},
		{"console", "keyMap"}, {"system", "stateVersion"}, {"users", "mutableUsers"}, {"users", "defaultUserShell"},
		{"boot", "loader", "grub", "devices"}, {"services", "displayManager", "defaultSession"},
		{"networking", "networkmanager", "enable"}, {"services", "power-profiles-daemon", "enable"},
	}
	for _, name := range loaders {
		paths = append(paths, []string{"boot", "loader", name, "enable"})
	}
	for _, d := range ad.defined {
		if ofHardware(d) && !ad.otherHardware || inFlake(d) {
			paths = append(paths, d.Path)
		}
	}
	for _, u := range ad.machine.Users {
		for _, key := range []string{
			"isNormalUser", "description", "extraGroups", "shell", "uid", "hashedPassword", "hashedPasswordFile",
		} {
			paths = append(paths, []string{"users", "users", u.Name, key})
		}
		paths = append(paths, []string{"users", "users", u.Name, "openssh", "authorizedKeys", "keys"})
	}
	services := g.node.Property("host").Property("services")
	for _, s := range ad.machine.Services {
		paths = append(paths, s.Option)
		for _, key := range services.Property(s.Name).All() {
			for _, option := range catalogue.OptionsSet(key) {
				if path, err := nix.ParseAttrPath(option); err == nil && !strings.Contains(option, "<") {
					paths = append(paths, path)
				}
			}
		}
	}
	slices.SortFunc(paths, slices.Compare)
	return slices.CompactFunc(paths, slices.Equal)
}

// difference is an option that comes to something else than before.
type difference struct {
	path        []string
	before, now any
}

// loaders are the boot loaders of NixOS, by the name of their options.
var loaders = []string{"systemd-boot", "grub", "limine", "generic-extlinux-compatible"}

// compare evaluates what the answers lead to together with the old
// configuration, with the Nixpkgs that the machine has and as a flake is evaluated. A contradiction is refused, and
// what would not evaluate.
func (ad *adoption) compare(ctx context.Context, g *Guide, answers starter.Answers) ([]difference, error) {
	dir := filepath.Join(ad.nix.Temp, "new")
	if slices.ContainsFunc(ad.legacy.Obstacles, func(o adopt.Obstacle) bool { return o.Sure }) {
		return nil, ad.unfit(dir, errLeft)
	}
	same := answers.Release == releaseFor(g, ad.machine.Release) && ad.machine.Release >= oldest(g)
	// Drivers are named as the profile's release has them: another one may not.
	if err := ad.write(g, answers, dir, same); err != nil {
		return nil, err
	}
	paths := ad.watched(g)
	before, err := ad.nix.Values(ctx, ad.config, paths)
	if err != nil {
		return nil, err
	}
	result := adopt.Config{
		Dir: dir, File: filepath.Join(dir, "hosts", answers.Hostname, "configuration.nix"),
		Nixpkgs: ad.machine.Nixpkgs, Pure: true, Lenient: !same,
	}
	now, err := ad.nix.Values(ctx, result, paths)
	if err != nil && !same && len(ad.obstacles(err)) == 0 {
		ad.uncompared = err
		return nil, nil
	}
	if err != nil {
		return nil, ad.unfit(dir, err)
	}
	// An option that does not exist leaves none with a value: then it is Nix that says which.
	evaluates := slices.ContainsFunc(paths, func(path []string) bool { return now[adopt.Key(path)] != nil })
	differences, err := ad.differences(paths, before, now)
	if evaluates && (err != nil || !same) {
		return differences, err
	}
	if err := ad.nix.Check(ctx, result); err != nil {
		return nil, ad.unfit(dir, err)
	}
	return differences, nil
}

// errLeft is why a configuration does not come along that names files which may not.
var errLeft = errors.New("it names files that cannot be a part of it")

// oldest is the oldest release that a profile can be for.
func oldest(g *Guide) string {
	release := generator.DefaultRelease()
	for _, r := range g.node.Property("release").Enum {
		if r := fmt.Sprint(r); r < release {
			release = r
		}
	}
	return release
}

// differences are the options that come to something else. An option without a value, a second boot loader, and
// what flake.nix itself sets, are contradictions.
func (ad *adoption) differences(paths [][]string, before, now map[string]any) ([]difference, error) {
	var differences []difference
	var contradictions, on, inline []string
	for _, path := range paths {
		d := difference{path, before[adopt.Key(path)], now[adopt.Key(path)]}
		name := nix.FormatAttrPath(path)
		if path[0] == "boot" && path[1] == "loader" && path[len(path)-1] == "enable" && d.now == true {
			on = append(on, name)
		}
		switch {
		case d.before == nil:
		case d.now == nil:
			contradictions = append(contradictions, name)
		case !reflect.DeepEqual(unordered(d.before), unordered(d.now)):
			differences = append(differences, d)
			if slices.ContainsFunc(ad.defined, func(o adopt.Definition) bool {
				return inFlake(o) && slices.Equal(o.Path, path)
			}) {
				inline = append(inline, name)
			}
		}
	}
	refuse := func(what string, names []string) *fault.Error {
		return fault.New(fault.Preflight, "%s; nothing was written: %s", what, strings.Join(names, ", "))
	}
	switch {
	case len(inline) > 0:
		return nil, refuse("flake.nix itself sets what does not come along", inline).
			Hint("move it into a file, and name that file in the modules of %s", filepath.Join(ad.config.Dir, "flake.nix"))
	case len(on) > 1:
		return nil, refuse("two boot loaders are on, and a machine has one", on).
			Hint("leave one of them in %s", ad.config.Dir)
	case len(contradictions) > 0:
		return nil, refuse("the profile and "+ad.config.Dir+" contradict each other", contradictions).
			Hint("answer as the configuration does, or take these options out of it")
	}
	return differences, nil
}

// obstacles are the places that Nix may have failed at.
func (ad *adoption) obstacles(err error) []adopt.Obstacle {
	said := err.Error()
	var named, paths, fetches []adopt.Obstacle
	for _, o := range ad.legacy.Obstacles {
		missing := "'" + strings.Trim(o.Key, "<>") + "' was not found"
		if strings.Contains(said, o.Key) || strings.Contains(said, missing) || errors.Is(err, errLeft) && o.Sure {
			named = append(named, o)
		}
		if strings.Contains(o.What, "it names /") {
			paths = append(paths, o)
		}
		if strings.HasPrefix(o.Key, "fetch") {
			fetches = append(fetches, o)
		}
	}
	switch {
	case len(named) > 0:
		return named
	case strings.Contains(said, "is forbidden in"):
		return paths
	case strings.Contains(said, "unable to download"):
		return fetches
	}
	return nil
}

// unfit is the error of a configuration that a flake cannot evaluate, with the places and what to do there.
func (ad *adoption) unfit(dir string, err error) error {
	said := strings.ReplaceAll(err.Error(), ".scoped", "")
	if i := strings.Index(said, dir); i >= 0 {
		said = regexp.MustCompile(regexp.QuoteMeta(dir)+`/hosts/[^/]+/(legacy/|legacy-outside)?`).ReplaceAllString(said, "")
	}
	said = strings.ReplaceAll(said, "in restricted mode", "in a flake")
	e := fault.New(fault.Preflight, "%s does not evaluate as a part of a flake; nothing was written: %s",
		ad.config.Dir, said)
	const most = 8
	obstacles := ad.obstacles(err)
	for i, o := range obstacles {
		if i == most {
			e = e.Hint("and %d places more like these", len(obstacles)-most)
			break
		}
		e = e.Hint("%s", o)
	}
	if len(obstacles) == 0 && ad.config.File == "" {
		e = e.Hint("specialArgs of the old flake do not come along, and of its inputs only nixpkgs does: the module can do "+
			"without by pkgs, lib, a path, or builtins.fetchTarball with url and sha256").
			Hint("quick-deploy init --adopt FILE takes over one module that needs none of them").
			Hint("nixos-rebuild switch --flake %s goes on as before", ad.config.Dir)
	}
	return e
}

// unordered is a list as a set: definitions in two places give an item twice, in another order.
func unordered(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	set := map[string]bool{}
	for _, item := range list {
		set[fmt.Sprint(item)] = true
	}
	return set
}

// foreign are imports from the inputs of the flake, which are not there yet.
var foreign = lazyregexp.New(`(?m)^\s+inputs\.\S+\n`)

// write writes the modules of the flake that the answers lead to into dir, with the old configuration.
func (ad *adoption) write(g *Guide, answers starter.Answers, dir string, probed bool) error {
	tree, err := g.generate(answers, probed)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, f := range tree.Files {
		files[f.Path] = foreign.ReplaceAll(f.Data, nil)
	}
	maps.Copy(files, ad.files(answers.Hostname))
	for name, data := range files {
		if err := writeBelow(dir, name, data); err != nil {
			return err
		}
	}
	return ad.nix.Purify(dir, "legacy", "legacy-outside", "legacy-lookup")
}
