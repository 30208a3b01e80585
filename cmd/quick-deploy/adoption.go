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
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/adopt"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/settings"
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
	// otherHardware says that hardware-configuration.nix is another machine's, and does not come along.
	otherHardware bool
	// uncompared is why the options could not be compared where the profile is for another release.
	uncompared error
	legacy     adopt.Legacy
	close      func()
}

// evaluator finds Nix.
func (a *app) evaluator() (*adopt.Evaluator, error) {
	nix := &run.Exec{Environ: os.Environ()}
	if _, err := nix.LookPath("nix-instantiate"); err != nil {
		return nil, fault.New(fault.Preflight, "taking over a configuration takes Nix, which evaluates it: %w", err).
			Hint("run this on the NixOS machine itself, with Nix on PATH")
	}
	return &adopt.Evaluator{Run: func(ctx context.Context, searchPath bool, args ...string) ([]byte, error) {
		var out bytes.Buffer
		err := a.retry().Do(ctx, rand.Float64, a.sleep, a.retrying, func(int) *retry.Failure {
			out.Reset()
			c := run.Command{Name: "nix-instantiate", Args: args, Stdout: &out}
			if !searchPath {
				c.Env = []string{"NIX_PATH="}
			}
			res, err := nix.Run(ctx, c)
			if err == nil {
				return nil
			}
			// Without the trace: that is about the expression which asks.
			cause := nixlog.Read(res.Stderr).Cause
			if said := cause.Text(); said != "" {
				err = errors.New(said)
			}
			return &retry.Failure{Err: fault.New(fault.Build, "%w", err), Cause: cause}
		})
		var spent *retry.SpentError
		if errors.As(err, &spent) {
			return nil, fault.New(fault.Network, "%w", err)
		}
		return out.Bytes(), err
	}}, nil
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
	if err := ad.carry(ctx); err != nil {
		return err
	}
	generated := func(f adopt.File) bool { return filepath.Base(f.Path) == "hardware-configuration.nix" }
	if ad.otherHardware && !slices.ContainsFunc(ad.legacy.Files, generated) {
		return fault.New(fault.Preflight, "the root file system of %s is %s, which this machine does not have; "+
			"nothing was written", ad.config.Dir, ad.machine.Root).
			Hint("take the fileSystems of the other machine out, or move them to a hardware-configuration.nix, " +
				"which stays behind")
	}
	if ad.unlisted != nil {
		ad.defined = ad.written()
	}
	return nil
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
	byNixpkgs := d.Path[0] == "nixpkgs" || d.Path[0] == "system" && d.Path[1] == "nixos"
	return slices.Contains(d.Files, "flake.nix") && !byNixpkgs
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

// guideByConfig takes the proposals from the configuration that is to be taken over. That is the one that the
// machine has, unless a fresh start or another one is asked for.
func (a *app) guideByConfig(ctx context.Context, cmd *cli.Command, g *guide) error {
	asked, fresh := cmd.Bool("adopt"), cmd.Bool("fresh")
	switch {
	case asked && fresh:
		return fault.New(fault.Usage, "--adopt and --fresh exclude each other")
	case asked && cmd.String("answers") != "":
		return fault.New(fault.Usage, "--adopt and --answers exclude each other").Hint("an answers file says itself what is taken over")
	case !asked && g.config == "" && g.machine.NixOS && !fresh && cmd.String("answers") == "":
		a.say("note: /etc/nixos has no configuration to take over; quick-deploy init --adopt PATH takes over one that lies elsewhere")
		return nil
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
	e, ok := err.(*fault.Error) //nolint:errorlint // its own hints come first, where it is not wrapped
	if !ok {
		e = fault.New(fault.CodeOf(err), "%w", err)
	}
	if !asked {
		e = e.Hint("quick-deploy init --adopt PATH takes over another configuration, or %s once it evaluates", g.config)
	}
	e = e.Hint("quick-deploy init --fresh starts without it")
	if gone := g.gone(g.proposed); len(gone) > 0 {
		e = e.Hint("which leaves behind: %s", strings.Join(gone, "; "))
	}
	return e
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
