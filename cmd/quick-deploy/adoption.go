package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/adopt"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/settings"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/modules"
)

// adoption is a configuration that is being taken over.
type adoption struct {
	config  adopt.Config
	nix     *adopt.Evaluator
	machine adopt.Machine
	defined []adopt.Definition
	// unlisted is why it could not be found out what the configuration's own files define.
	unlisted error
	// otherHardware says that hardware-configuration.nix is another machine's, and does not come along.
	otherHardware bool
	// uncompared is why the options could not be compared where the profile is for another release.
	uncompared error
	legacy     adopt.Legacy
	close      func()
}

// evaluator finds Nix.
func (a *app) evaluator() (*adopt.Evaluator, error) {
	nix, err := exec.LookPath("nix-instantiate")
	if err != nil {
		return nil, fault.New(fault.Preflight, "taking over a configuration takes Nix, which evaluates it: %w", err).
			Hint("run this on the NixOS machine itself, with Nix on PATH")
	}
	return &adopt.Evaluator{Run: func(ctx context.Context, searchPath bool, args ...string) ([]byte, error) {
		var out []byte
		err := a.retry().Do(ctx, rand.Float64, a.sleep, a.retrying, func(int) *retry.Failure {
			cmd := exec.CommandContext(ctx, nix, args...)
			cmd.Env = append(os.Environ(), run.GitEnv...)
			if !searchPath {
				cmd.Env = append(cmd.Env, "NIX_PATH=")
			}
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			var err error
			if out, err = cmd.Output(); err == nil {
				return nil
			}
			err = fault.New(fault.Build, "%s: %w", complaint(stderr.String()), err)
			return &retry.Failure{Err: err, Output: stderr.String()}
		})
		var spent *retry.SpentError
		if errors.As(err, &spent) {
			return nil, fault.New(fault.Network, "%w", err)
		}
		return out, err
	}}, nil
}

// complaint is the error that Nix ends with, without the trace that leads to it:
// that is about the expression which asks.
func complaint(said string) string {
	const mark = "error: "
	if i := strings.LastIndex(said, mark); i >= 0 {
		said = said[i+len(mark):]
	}
	return strings.TrimSpace(said)
}

// newAdoption evaluates the configuration at path.
func (a *app) newAdoption(ctx context.Context, g *guide, path string) (*adoption, error) {
	ev, err := a.evaluator()
	if err != nil {
		return nil, err
	}
	config, err := adopt.Find(path, g.machine.Hostname)
	if err != nil {
		return nil, fault.New(fault.Usage, "%w", err).
			Hint("quick-deploy init --adopt PATH names the folder of the configuration")
	}
	if ev.Temp, err = os.MkdirTemp("", "quick-deploy-adopt-"); err != nil {
		return nil, fmt.Errorf("make a folder for the evaluation: %w", err)
	}
	ad := &adoption{config: config, nix: ev, close: func() { os.RemoveAll(ev.Temp) }}
	if err := ad.read(ctx, g); err != nil {
		ad.close()
		return nil, err
	}
	return ad, nil
}

func (ad *adoption) read(ctx context.Context, g *guide) error {
	catalogue := filepath.Join(ad.nix.Temp, "catalogue")
	if err := os.CopyFS(catalogue, modules.Files); err != nil {
		return fmt.Errorf("write the catalogue for the evaluation: %w", err)
	}
	var services []adopt.Service
	nodes := g.node.Properties["host"].Properties["services"].Properties
	for _, name := range sortedKeys(nodes) {
		services = append(services, adopt.Service{Name: name, Module: name})
	}
	var err error
	if ad.machine, err = ad.nix.Machine(ctx, ad.config, catalogue, services); err != nil {
		return ad.explained(ctx, err)
	}
	// A service that needs keys stays with the old configuration, which has them.
	ad.machine.Services = slices.DeleteFunc(ad.machine.Services, func(s adopt.Enabled) bool {
		return nodes[s.Name].NeedsKeys
	})
	ad.defined, ad.unlisted = ad.nix.Defined(ctx, ad.config)
	if ad.unlisted != nil && ad.config.File == "" {
		// What a flake consists of is known by nothing else.
		return ad.unlisted
	}
	if ad.machine.Nixpkgs, err = filepath.EvalSymlinks(ad.machine.Nixpkgs); err != nil {
		return fmt.Errorf("find the nixpkgs of the configuration: %w", err)
	}
	ad.otherHardware = !fits(g.facts, ad.machine.Root)
	if err = ad.carry(ctx); err == nil && ad.unlisted != nil {
		ad.defined = ad.written()
	}
	return err
}

func (ad *adoption) carry(ctx context.Context) (err error) {
	c := adopt.Carrier{
		Config: ad.config, Home: os.Getenv("HOME"), OtherHardware: ad.otherHardware,
		Find: func(name string) (string, bool) { return ad.nix.Find(ctx, name) },
	}
	ad.legacy, err = c.Carry(ad.defined)
	return err
}

// explained adds to the error of a configuration that does not evaluate as it is the places that a flake could
// not evaluate either.
func (ad *adoption) explained(ctx context.Context, err error) error {
	if ad.carry(ctx) != nil {
		return err
	}
	e := fault.New(fault.CodeOf(err), "%w", err)
	for _, o := range ad.obstacles(err) {
		e = e.Hint("%s", o)
	}
	return e
}

// written are the options that the text of the files sets, for where Nix cannot list them: less exact, since
// what stands below conditions is not seen.
func (ad *adoption) written() []adopt.Definition {
	var out []adopt.Definition
	for _, f := range ad.legacy.Files {
		name, ok := strings.CutPrefix(f.Path, "legacy/")
		if !ok || filepath.Ext(name) != ".nix" {
			continue
		}
		text, err := regular.Read(filepath.Join(ad.config.Dir, filepath.FromSlash(name)))
		if err != nil {
			continue // Carry has told of it
		}
		set, err := settings.Read(text)
		if err != nil {
			continue // a function, or a list: no module by its form
		}
		for _, s := range set {
			if option, err := nix.ParseAttrPath(s.Option); err == nil && s.Option != "imports" {
				out = append(out, adopt.Definition{Path: option, Files: []string{name}})
			}
		}
	}
	return out
}

// fits tells whether a root file system is this machine's, as far as that is known.
func fits(f hardware.Facts, root string) bool {
	uuid, ok := strings.CutPrefix(root, "/dev/disk/by-uuid/")
	return !ok || f.NixOS == "" || len(f.Blocks) == 0 ||
		slices.ContainsFunc(f.Blocks, func(b hardware.Block) bool { return strings.EqualFold(b.UUID, uuid) })
}

// ofHardware tells whether only hardware-configuration.nix defines an option.
func ofHardware(d adopt.Definition) bool {
	return !slices.ContainsFunc(d.Files, func(f string) bool { return filepath.Base(f) != "hardware-configuration.nix" })
}

// inFlake tells whether flake.nix itself defines an option, and not only nixpkgs by what it adds there
// (lib.nixosSystem in nixpkgs' flake.nix).
func inFlake(d adopt.Definition) bool {
	return slices.Contains(d.Files, "flake.nix") && d.Path[0] != "nixpkgs" && !(d.Path[0] == "system" && d.Path[1] == "nixos")
}

// options are the names of options that the configuration defines.
func (ad *adoption) options(which func(adopt.Definition) bool) []string {
	var out []string
	for _, d := range ad.defined {
		if which(d) {
			out = append(out, nix.FormatAttrPath(d.Path))
		}
	}
	return out
}

// propose puts into the answers what the configuration says. The login shells stay with
// it: NixOS takes a shell from one place only.
func (ad *adoption) propose(g *guide) {
	m, p := ad.machine, &g.proposed
	p.Adopt, p.Preset = ad.config.Dir, ""
	p.Release = releaseFor(g, m.Release)
	if ad.machine.Root != "" && !ad.otherHardware {
		p.FileSystems = "none"
	}
	over := hardware.Overrides{Mode: "probe", FileSystems: p.FileSystems, Release: p.Release}
	if d, err := hardware.Decide(g.facts, over); err != nil || string(d.Loader.Kind) != m.Loader {
		p.Loader = "none"
	}
	for _, v := range []struct {
		name, value string
		into        *string
	}{
		{"hostname", m.HostName, &p.Hostname}, {"timezone", m.TimeZone, &p.Timezone}, {"locale", m.Locale, &p.Locale},
		{"layout", m.Layout, &p.Layout}, {"", m.StateVersion, &p.StateVersion},
	} {
		if v.value != "" && (v.name == "" || g.check(v.name, v.value) == nil) {
			*v.into = v.value
		}
	}
	// They stay with the configuration, as whatever else it says of the keyboard.
	p.Variant, p.Options = "", ""
	// A layout of the profile makes the console follow it, against a keymap of its own. One that NixOS
	// only falls back to is none to say.
	if ad.defines("console", "keyMap") || !ad.defines("services", "xserver", "xkb", "layout") {
		p.Layout = ""
	}
	p.Services = nil
	for _, s := range m.Services {
		p.Services = append(p.Services, s.Name)
	}
	p.Desktop = ""
	if len(m.Desktops) > 0 {
		p.Desktop = strings.TrimRight(m.Desktops[0], "6")
	}
	ad.people(g)
}

// releaseFor is the release of the profile for a machine of a release: its own where there is one, unstable
// for what comes after the newest, and else the newest.
func releaseFor(g *guide, release string) string {
	switch {
	case slices.Contains(g.node.Properties["release"].Enum, any(release)):
		return release
	case release > generator.DefaultRelease:
		return "unstable"
	}
	return generator.DefaultRelease
}

// people are the accounts: first who runs this, else an administrator.
func (ad *adoption) people(g *guide) {
	users := slices.Clone(ad.machine.Users)
	rank := func(u adopt.User) int {
		switch {
		case u.Name == os.Getenv("USER"):
			return 0
		case u.Admin:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(users, func(x, y adopt.User) int { return rank(x) - rank(y) })
	p := &g.proposed
	p.User, p.Shell, p.SSHKeys, p.Others, p.Home = "", "", nil, nil, ""
	for i, u := range users {
		if i == 0 {
			p.User, p.Name, p.SSHKeys = u.Name, u.Description, u.Keys
			// Two home-managers for one home would overwrite each other's files.
			if slices.Contains(ad.machine.Homes, u.Name) {
				p.Home = "none"
			}
			continue
		}
		p.Others = append(p.Others, starter.Account{User: u.Name, Name: u.Description, Admin: u.Admin})
	}
	for _, u := range g.machine.Users {
		if u.Name == p.User {
			person := machine.ReadPerson(g.root, u)
			p.Email = person.GitEmail
		}
	}
}

func (ad *adoption) defines(path ...string) bool {
	return slices.ContainsFunc(ad.defined, func(d adopt.Definition) bool { return slices.Equal(d.Path, path) })
}

// watched are the options by which the old and the new configuration are compared.
func (ad *adoption) watched(g *guide) [][]string {
	paths := [][]string{
		{"networking", "hostName"}, {"time", "timeZone"}, {"i18n", "defaultLocale"}, {"services", "xserver", "xkb", "layout"},
		{"console", "keyMap"}, {"system", "stateVersion"}, {"users", "mutableUsers"}, {"users", "defaultUserShell"},
		{"boot", "loader", "grub", "devices"}, {"services", "displayManager", "defaultSession"},
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
		for _, key := range []string{"isNormalUser", "description", "extraGroups", "shell", "uid", "hashedPassword", "hashedPasswordFile"} {
			paths = append(paths, []string{"users", "users", u.Name, key})
		}
		paths = append(paths, []string{"users", "users", u.Name, "openssh", "authorizedKeys", "keys"})
	}
	services := g.node.Properties["host"].Properties["services"].Properties
	for _, s := range ad.machine.Services {
		paths = append(paths, s.Option)
		for _, key := range sortedKeys(services[s.Name].Properties) {
			for _, option := range optionsSet(services[s.Name].Properties[key]) {
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
func (ad *adoption) compare(ctx context.Context, g *guide, answers starter.Answers) ([]difference, error) {
	dir := filepath.Join(ad.nix.Temp, "new")
	if slices.ContainsFunc(ad.legacy.Obstacles, func(o adopt.Obstacle) bool { return o.Sure }) {
		return nil, ad.unfit(dir, errLeft)
	}
	same := answers.Release == releaseFor(g, ad.machine.Release) && ad.machine.Release >= oldest(g)
	// Drivers are named as the profile's release has them: another one may not.
	if err := ad.write(g, answers, dir, same); err != nil {
		return nil, err
	}
	if err := ad.nix.Purify(dir, "legacy", "legacy-outside", "legacy-lookup"); err != nil {
		return nil, fmt.Errorf("prepare the evaluation: %w", err)
	}
	paths := ad.watched(g)
	before, err := ad.nix.Values(ctx, ad.config, paths)
	if err != nil {
		return nil, err
	}
	result := adopt.Config{
		Dir: dir, File: filepath.Join(dir, "hosts", answers.Hostname, "configuration.nix"), Nixpkgs: ad.machine.Nixpkgs, Pure: true, Lenient: !same,
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
	failed, err := ad.nix.Check(ctx, result)
	if err == nil && len(failed) > 0 {
		err = errors.New(strings.Join(failed, "; "))
	}
	if err != nil {
		return nil, ad.unfit(dir, err)
	}
	return differences, nil
}

// errLeft is why a configuration does not come along that names files which may not.
var errLeft = errors.New("it names files that cannot be a part of it")

// oldest is the oldest release that a profile can be for.
func oldest(g *guide) string {
	release := generator.DefaultRelease
	for _, r := range g.node.Properties["release"].Enum {
		if r := fmt.Sprint(r); r < release {
			release = r
		}
	}
	return release
}

// differences are the options that come to something else. An option without a value, and a second boot loader,
// are contradictions.
func (ad *adoption) differences(paths [][]string, before, now map[string]any) ([]difference, error) {
	var differences []difference
	var contradictions, on, inline []string
	for _, path := range paths {
		d := difference{path, before[adopt.Key(path)], now[adopt.Key(path)]}
		if path[0] == "boot" && path[1] == "loader" && path[len(path)-1] == "enable" && d.now == true {
			on = append(on, nix.FormatAttrPath(path))
		}
		switch {
		case d.before != nil && d.now == nil:
			contradictions = append(contradictions, nix.FormatAttrPath(path))
		case d.before != nil && !reflect.DeepEqual(unordered(d.before), unordered(d.now)):
			differences = append(differences, d)
			if slices.ContainsFunc(ad.defined, func(def adopt.Definition) bool { return inFlake(def) && slices.Equal(def.Path, path) }) {
				inline = append(inline, nix.FormatAttrPath(path))
			}
		}
	}
	if len(inline) > 0 {
		return nil, fault.New(fault.Preflight, "flake.nix itself sets what does not come along; nothing was written: %s", strings.Join(inline, ", ")).
			Hint("move it into a file, and name that file in the modules of %s", filepath.Join(ad.config.Dir, "flake.nix"))
	}
	if len(on) > 1 {
		return nil, fault.New(fault.Preflight, "two boot loaders are on, and a machine has one; nothing was written: %s", strings.Join(on, ", ")).
			Hint("leave one of them in %s", ad.config.Dir)
	}
	if len(contradictions) > 0 {
		return nil, fault.New(fault.Preflight, "the profile and %s contradict each other; nothing was written: %s", ad.config.Dir, strings.Join(contradictions, ", ")).
			Hint("answer as the configuration does, or take these options out of it")
	}
	return differences, nil
}

// obstacles are the places that Nix may have failed at.
func (ad *adoption) obstacles(err error) []adopt.Obstacle {
	said := err.Error()
	var named, paths, fetches []adopt.Obstacle
	for _, o := range ad.legacy.Obstacles {
		if strings.Contains(said, o.Key) || errors.Is(err, errLeft) && o.Sure {
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
	e := fault.New(fault.Preflight, "%s does not evaluate as a part of a flake; nothing was written: %s", ad.config.Dir, said)
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
		e = e.Hint("inputs and specialArgs of the old flake do not come along: modules that need them have to go, or be imported by path")
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
var foreign = regexp.MustCompile(`(?m)^\s+inputs\.\S+\n`)

// write writes the modules of the flake that the answers lead to into dir, with the old configuration.
func (ad *adoption) write(g *guide, answers starter.Answers, dir string, probed bool) error {
	p, err := g.load(answers)
	if err != nil {
		return err
	}
	facts := map[string]hardware.Facts{}
	if g.facts.Version > 0 && probed {
		facts[answers.Hostname] = g.facts
	}
	tree, err := generator.Generate(generator.Input{Profile: p, Schema: g.node, Facts: facts, Files: g.source})
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
	return nil
}

// files are the files of the flake that hold the old configuration, by path.
func (ad *adoption) files(host string) map[string][]byte {
	out := map[string][]byte{"hosts/" + host + "/local.nix": []byte(localText)}
	for _, f := range ad.legacy.Files {
		out["hosts/"+host+"/"+f.Path] = f.Data
	}
	return out
}

// localText is the file that is the user's, as it begins where a configuration was taken over.
const localText = `# Yours: quick-deploy writes this file once and then leaves it alone.
# What you set here adds to the rest; lib.mkForce overrides it.
{
  imports = [ ./legacy.nix ];
}
`

func writeBelow(dir, name string, data []byte) error {
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return atomic.Writer{}.WriteFile(file, data, 0o644)
}

// place writes the old configuration into the flake. A local.nix that is
// there is its owner's: he is told what to add.
func (ad *adoption) place(a *app, host string) error {
	files := ad.files(host)
	local := "hosts/" + host + "/local.nix"
	if _, err := os.Lstat(filepath.Join(a.opts.flake, local)); !errors.Is(err, fs.ErrNotExist) {
		delete(files, local)
		a.say("note: %s is yours and stays as it is; add ./legacy.nix to its imports", filepath.Join(a.opts.flake, local))
	}
	// local.nix comes last, so that it never imports what is not there.
	for _, name := range slices.SortedFunc(maps.Keys(files), func(x, y string) int {
		if (x == local) != (y == local) {
			return map[bool]int{true: 1, false: -1}[x == local]
		}
		return strings.Compare(x, y)
	}) {
		if err := writeBelow(a.opts.flake, name, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// absent refuses where a configuration was taken over already.
func (ad *adoption) absent(a *app, host string) error {
	return absent(filepath.Join(a.opts.flake, "hosts", host, "legacy.nix"))
}

// report says what the profile says now, what stays with the old
// configuration, and what is different from before.
func (ad *adoption) report(a *app, answers starter.Answers, differences []difference) {
	a.say("%s is taken over, and stays as it is.", ad.config.Dir)
	said := []string{"host name, time zone, locale, stateVersion"}
	var users []string
	for _, u := range ad.machine.Users {
		users = append(users, u.Name)
	}
	if len(users) > 0 {
		said = append(said, "the accounts of "+strings.Join(users, ", "))
	}
	if len(answers.Services) > 0 {
		said = append(said, "the services "+strings.Join(answers.Services, ", "))
	}
	a.say("The profile says: %s.", strings.Join(said, "; "))
	kept := ad.kept()
	a.say("legacy.nix keeps %s: %s.", count(len(kept), "option"), shortList(kept))
	if ad.unlisted != nil {
		a.say("note: they are listed by the text of the files, and there may be more: %v", ad.unlisted)
	}
	for _, brought := range ad.legacy.Brought {
		a.say("note: copied into the flake from outside: %s", brought)
	}
	for _, left := range ad.legacy.Left {
		a.say("note: not copied: %s", left)
	}
	for _, place := range ad.legacy.Secrets {
		a.say("note: %s looks like a secret: it would lie in the flake and in the store, which everybody may read, as it does now", place)
	}
	if ad.otherHardware {
		a.say("note: hardware-configuration.nix is another machine's: this one has no %s. It does not come along, and this machine is probed instead; what it sets: %s",
			ad.machine.Root, strings.Join(ad.options(ofHardware), ", "))
	}
	for _, d := range differences {
		a.say("note: %s changes: %s → %s", nix.FormatAttrPath(d.path), brief(d.before), brief(d.now))
	}
	ad.reportRelease(a, answers)
	if len(differences) == 0 && ad.uncompared == nil {
		a.say("Compared with it, none of the options that the profile sets changes.")
	}
}

// reportRelease says what is not known where the machine and the profile are of two releases.
func (ad *adoption) reportRelease(a *app, answers starter.Answers) {
	if ad.machine.Release == answers.Release || ad.machine.Release > generator.DefaultRelease {
		return
	}
	a.say("note: this machine runs NixOS %s, and the profile is for %s: whether legacy.nix fits that release is seen when it is built. "+
		"Options that were renamed or removed since stand in the release notes of NixOS; quick-deploy build changes nothing, and rollback leads back",
		ad.machine.Release, answers.Release)
	if ad.uncompared != nil {
		a.say("note: the options could not be compared: %v", ad.uncompared)
	}
	for _, o := range ad.legacy.Obstacles {
		a.say("note: %s", o)
	}
}

// brief is a value as Nix writes it, on one line that is not too long.
func brief(v any) string {
	if list, ok := v.([]any); ok {
		// Definitions in two places give an item twice.
		var distinct []any
		for _, item := range list {
			if !slices.ContainsFunc(distinct, func(other any) bool { return reflect.DeepEqual(item, other) }) {
				distinct = append(distinct, item)
			}
		}
		v = distinct
	}
	text := inNix(v)
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "…"
	}
	return text
}

// inNix writes a value as Nix does.
func inNix(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		text, err := nix.Print(nix.Str(v))
		if err != nil || strings.Contains(v, "\n") {
			return fmt.Sprintf("%q", v)
		}
		return strings.TrimSpace(string(text))
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = inNix(item) + " "
		}
		return "[ " + strings.Join(parts, "") + "]"
	case map[string]any:
		var b strings.Builder
		for _, key := range sortedKeys(v) {
			fmt.Fprintf(&b, "%s = %s; ", nix.FormatAttrPath([]string{key}), inNix(v[key]))
		}
		return "{ " + b.String() + "}"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// kept are the options that the old files define and the profile does not say.
func (ad *adoption) kept() []string {
	said := map[string]bool{
		"networking.hostName": true, "time.timeZone": true, "i18n.defaultLocale": true, "system.stateVersion": true,
		"nixpkgs.hostPlatform": true,
	}
	for _, s := range ad.machine.Services {
		said[nix.FormatAttrPath(s.Option)] = true
	}
	return ad.options(func(d adopt.Definition) bool {
		return !said[nix.FormatAttrPath(d.Path)] && (!ofHardware(d) || !ad.otherHardware)
	})
}

// guideByConfig takes the proposals from the configuration that is to be taken over. That is the one that the
// machine has, unless a fresh start or another one is asked for.
func (a *app) guideByConfig(ctx context.Context, cmd *cli.Command, g *guide) error {
	asked, fresh := cmd.Bool("adopt"), cmd.Bool("fresh")
	switch {
	case asked && fresh:
		return fault.New(fault.Usage, "--adopt and --fresh exclude each other")
	case asked && cmd.String("answers") != "":
		return fault.New(fault.Usage, "--adopt and --answers exclude each other").Hint("an answers file says itself what is taken over")
	case !asked && (fresh || g.config == "" || cmd.String("answers") != ""):
		return nil
	}
	path := cmd.Args().First()
	if path == "" {
		path = machine.Inside(a.opts.root, "/etc/nixos")
	}
	if !asked {
		a.say("this machine is configured by %s, which is taken over and stays as it is; --fresh starts without it", g.config)
	}
	a.say("evaluating %s ...", path)
	var err error
	if g.adoption, err = a.newAdoption(ctx, g, path); err != nil {
		return bothWays(g, asked, err)
	}
	g.adoption.propose(g)
	return nil
}

// bothWays adds to an error how to go on with the configuration and without it.
func bothWays(g *guide, asked bool, err error) error {
	e := fault.New(fault.CodeOf(err), "%w", err)
	if !asked {
		e = e.Hint("quick-deploy init --adopt PATH takes over another configuration, or %s once it evaluates", g.config)
	}
	e = e.Hint("quick-deploy init --fresh starts without it")
	if gone := g.gone(g.proposed); len(gone) > 0 {
		e = e.Hint("which leaves behind: %s", strings.Join(gone, "; "))
	}
	return e
}

// maxGone is how many settings are named that a fresh start leaves behind.
const maxGone = 20

// probed are options of NixOS that the profile or the hardware says without the configuration.
var probed = []string{
	"imports", "networking.hostName", "time.timeZone", "i18n.defaultLocale", "system.stateVersion",
	"boot.loader.systemd-boot.enable", "boot.loader.efi.canTouchEfiVariables", "boot.loader.grub.enable",
	"boot.loader.grub.device", "boot.loader.grub.devices", "boot.loader.grub.useOSProber",
}

// gone is what the text of the configuration sets and a profile with these answers does not say.
func (g *guide) gone(answers starter.Answers) []string {
	if g.config == "" {
		return nil
	}
	text, err := regular.Read(machine.Inside(g.root, g.config))
	if err != nil || path.Base(g.config) == "flake.nix" {
		return []string{"all that " + g.config + " sets"}
	}
	set, err := settings.Read(text)
	if err != nil {
		return []string{"all that " + g.config + " sets"}
	}
	// What keeps a machine from starting, or out of reach, comes first.
	rank := func(s settings.Setting) int {
		first, _, _ := strings.Cut(s.Option, ".")
		return slices.Index([]string{"services", "networking", "boot", "console"}, first)
	}
	slices.SortStableFunc(set, func(x, y settings.Setting) int { return rank(y) - rank(x) })
	var out []string
	for _, s := range set {
		user, isUser := strings.CutPrefix(s.Option, "users.users.")
		switch {
		case slices.Contains(probed, s.Option), isUser && strings.HasSuffix(user, ".isNormalUser"), isUser && strings.HasSuffix(user, ".description"),
			s.Option == "console.keyMap" && s.Value == fmt.Sprintf("%q", answers.Layout):
			continue
		}
		value := " = " + s.Value
		if len([]rune(value)) > 40 || term.Line(value) != value {
			value = ""
		}
		out = append(out, fmt.Sprintf("%s%s (line %d)", s.Option, value, s.Line))
	}
	for _, file := range set {
		if file.Option == "imports" && strings.Trim(file.Value, "[] ") != "./hardware-configuration.nix" {
			out = append(out, "what it imports: "+strings.Trim(file.Value, "[] "))
		}
	}
	if len(out) > maxGone {
		out = append(out[:maxGone], fmt.Sprintf("and %d more", len(out)-maxGone))
	}
	return out
}

// sayGone names what a fresh start leaves behind.
func (g *guide) sayGone(a *app, answers starter.Answers) {
	gone := g.gone(answers)
	if answers.Adopt != "" || len(gone) == 0 {
		return
	}
	a.say("note: %s is not taken over. The first switch takes away what it sets beyond the profile: %s", g.config, strings.Join(gone, "; "))
	a.say("note: quick-deploy init --adopt takes it over instead")
}

// checkConfig makes sure that what was taken over fits the answers, and reports.
func (g *guide) checkConfig(ctx context.Context, a *app, answers starter.Answers) error {
	if answers.Adopt == "" {
		g.sayGone(a, answers)
		return nil
	}
	if g.adoption == nil {
		var err error
		if g.adoption, err = a.newAdoption(ctx, g, answers.Adopt); err != nil {
			return err
		}
	}
	if err := g.adoption.absent(a, answers.Hostname); err != nil {
		return err
	}
	differences, err := g.adoption.compare(ctx, g, answers)
	if err != nil {
		return bothWays(g, true, err)
	}
	g.adoption.report(a, answers, differences)
	return nil
}

// close removes what evaluations have left.
func (g *guide) close() {
	if g.adoption != nil {
		g.adoption.close()
	}
}
