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
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/adopt"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
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
	legacy   adopt.Legacy
	close    func()
}

// evaluator finds Nix.
func (a *app) evaluator() (*adopt.Evaluator, error) {
	nix, err := exec.LookPath("nix-instantiate")
	if err != nil {
		return nil, fault.New(fault.Preflight, "taking over a configuration takes Nix, which evaluates it: %w", err).
			Hint("run this on the NixOS machine itself, or start without --adopt")
	}
	return &adopt.Evaluator{Run: func(ctx context.Context, args ...string) ([]byte, error) {
		var out []byte
		err := a.retry().Do(ctx, rand.Float64, a.sleep, a.retrying, func(int) *retry.Failure {
			cmd := exec.CommandContext(ctx, nix, args...)
			cmd.Env = append(os.Environ(), run.GitEnv...)
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
		return nil, fault.New(fault.Usage, "%w", err).Hint("--adopt PATH names the folder of the configuration")
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
		return err
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
	ad.legacy, err = adopt.Carry(ad.config, ad.defined)
	return err
}

// propose puts into the answers what the configuration says. The login shells stay with
// it: NixOS takes a shell from one place only.
func (ad *adoption) propose(g *guide) {
	m, p := ad.machine, &g.proposed
	p.Adopt, p.Preset = ad.config.Dir, ""
	if slices.Contains(g.node.Properties["release"].Enum, any(m.Release)) {
		p.Release = m.Release
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
	// A layout of the profile makes the console follow it, against a keymap of its own.
	if ad.defines("console", "keyMap") {
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
	p.User, p.Shell, p.SSHKeys, p.Others = "", "", nil, nil
	for i, u := range users {
		if i == 0 {
			p.User, p.SSHKeys = u.Name, u.Keys
			if u.Description != "" {
				p.Name = u.Description
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
		{"boot", "loader", "systemd-boot", "enable"}, {"boot", "loader", "grub", "enable"}, {"boot", "loader", "grub", "devices"},
		{"services", "displayManager", "defaultSession"},
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

// compare evaluates what the answers lead to together with the old
// configuration, with the Nixpkgs that the machine has. A contradiction is refused.
func (ad *adoption) compare(ctx context.Context, g *guide, answers starter.Answers) ([]difference, error) {
	dir := filepath.Join(ad.nix.Temp, "new")
	if err := ad.write(g, answers, dir); err != nil {
		return nil, err
	}
	paths := ad.watched(g)
	before, err := ad.nix.Values(ctx, ad.config, paths)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "hosts", answers.Hostname, "configuration.nix")
	now, err := ad.nix.Values(ctx, adopt.Config{Dir: dir, File: file}, paths)
	if err != nil {
		return nil, fault.New(fault.Preflight, "the profile and %s do not fit together; nothing was written: %w", ad.config.Dir, err)
	}
	var differences []difference
	var contradictions []string
	for _, path := range paths {
		d := difference{path, before[adopt.Key(path)], now[adopt.Key(path)]}
		switch {
		case d.before != nil && d.now == nil:
			contradictions = append(contradictions, nix.FormatAttrPath(path))
		case d.before != nil && !reflect.DeepEqual(unordered(d.before), unordered(d.now)):
			differences = append(differences, d)
		}
	}
	if len(contradictions) > 0 {
		return nil, fault.New(fault.Preflight, "the profile and %s contradict each other; nothing was written: %s", ad.config.Dir, strings.Join(contradictions, ", ")).
			Hint("answer as the configuration does, or take these options out of it")
	}
	return differences, nil
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
func (ad *adoption) write(g *guide, answers starter.Answers, dir string) error {
	p, err := g.load(answers)
	if err != nil {
		return err
	}
	facts := map[string]hardware.Facts{}
	if g.facts.Version > 0 {
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
	if ad.unlisted != nil {
		a.say("note: legacy.nix keeps the rest, which could not be listed: %v", ad.unlisted)
	} else {
		kept := ad.kept()
		a.say("legacy.nix keeps %s: %s.", count(len(kept), "option"), shortList(kept))
	}
	for _, left := range ad.legacy.Left {
		a.say("note: not copied: %s", left)
	}
	for _, place := range ad.legacy.Secrets {
		a.say("note: %s looks like a secret: it would lie in the flake and in the store, which everybody may read, as it does now", place)
	}
	for _, d := range differences {
		a.say("note: %s changes: %s → %s", nix.FormatAttrPath(d.path), brief(d.before), brief(d.now))
	}
	if len(differences) == 0 {
		a.say("Compared with it, none of the options that the profile sets changes.")
	}
}

func brief(v any) string {
	text := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "…"
	}
	return text
}

// kept are the options that the old files define and the profile does not say.
func (ad *adoption) kept() []string {
	said := map[string]bool{
		"networking.hostName": true, "time.timeZone": true, "i18n.defaultLocale": true, "system.stateVersion": true,
		"fileSystems": true, "swapDevices": true, "nixpkgs.hostPlatform": true,
	}
	for _, s := range ad.machine.Services {
		said[nix.FormatAttrPath(s.Option)] = true
	}
	var out []string
	for _, d := range ad.defined {
		onlyHardware := !slices.ContainsFunc(d.Files, func(f string) bool { return filepath.Base(f) != "hardware-configuration.nix" })
		if name := nix.FormatAttrPath(d.Path); !said[name] && !onlyHardware {
			out = append(out, name)
		}
	}
	return out
}

// guideByConfig takes the proposals from the configuration that is to be taken over, if one is.
func (a *app) guideByConfig(ctx context.Context, cmd *cli.Command, g *guide) error {
	if !cmd.Bool("adopt") {
		return nil
	}
	if cmd.String("answers") != "" {
		return fault.New(fault.Usage, "--adopt and --answers exclude each other").Hint("an answers file says itself what is taken over")
	}
	path := cmd.Args().First()
	if path == "" {
		path = filepath.Join(a.opts.root, "etc/nixos")
	}
	a.say("evaluating %s ...", path)
	var err error
	if g.adoption, err = a.newAdoption(ctx, g, path); err != nil {
		return err
	}
	g.adoption.propose(g)
	return nil
}

// checkConfig makes sure that what was taken over fits the answers, and reports.
func (g *guide) checkConfig(ctx context.Context, a *app, answers starter.Answers) error {
	if answers.Adopt == "" {
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
		return err
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
