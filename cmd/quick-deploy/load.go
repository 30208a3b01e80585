package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/optionlist"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// loaded is a profile that was read and checked.
type loaded struct {
	name    string // as the user named it
	builtin bool   // there is no file: the starter profile of this machine
	source  profile.Source
	profile *profile.Profile
	schema  *schema.Node
	machine machine.Machine
	facts   map[string]hardware.Facts // by host, once generated
}

const (
	// builtinProfile is the value of --profile for the profile that is built in.
	builtinProfile = "builtin:"
	// builtinName is what messages call it.
	builtinName = "built-in profile"
)

// noProfileError says that no profile was named and where one was looked for.
type noProfileError struct{ searched []string }

func (e *noProfileError) Error() string {
	return "no profile found: looked for " + strings.Join(e.searched, " and ")
}

// profilePath is the profile to use. Where none was named and none is found, the
// error wraps a noProfileError: what the user has not written nobody acts on.
func (a *app) profilePath() (string, error) {
	if a.opts.profile == builtinProfile {
		return builtinProfile, nil
	}
	if a.opts.profile != "" {
		if _, err := os.Stat(a.opts.profile); err != nil {
			return "", fault.New(fault.Profile, "read the profile: %w", err).
				Hint("quick-deploy init writes a first profile")
		}
		return a.opts.profile, nil
	}
	var none noProfileError
	for _, path := range []string{"quick-deploy.yaml", filepath.Join(configHome(), "quick-deploy", "profile.yaml")} {
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fault.New(fault.Profile, "read the profile: %w", err)
		}
		if path, err = filepath.Abs(path); err != nil {
			return "", fmt.Errorf("look for the profile: %w", err)
		}
		none.searched = append(none.searched, path)
	}
	return "", fault.New(fault.Profile, "%w", &none).
		Hint("run it where the profile is, or name it with --profile FILE; quick-deploy init writes a first one").
		Hint("--profile %s takes the built-in one, filled in with what this machine tells", builtinProfile)
}

// load reads the profile, once.
func (a *app) load() (*loaded, error) {
	if a.loaded == nil {
		a.loaded = sync.OnceValues(a.loadFirst)
	}
	return a.loaded()
}

func (a *app) loadFirst() (*loaded, error) {
	path, err := a.profilePath()
	if err != nil {
		return nil, err
	}
	node, err := schema.Root()
	if err != nil {
		return nil, err
	}
	l := &loaded{name: path, schema: node, machine: machine.Read(a.opts.root)}
	var text []byte
	if path == builtinProfile {
		l.builtin, l.name = true, builtinName
		if text, err = starter.Profile(starter.For(l.machine, "minimal")); err != nil {
			return nil, err
		}
	}
	return l, a.read(l, text)
}

// path is the profile's absolute path; of the built-in one the value of --profile.
func (l *loaded) path() (string, error) {
	if l.builtin {
		return builtinProfile, nil
	}
	return filepath.Abs(l.name)
}

// read parses and checks the profile called l.name; text, if there is any,
// stands for its content. The hosts that --host and --on name have to be in it.
func (a *app) read(l *loaded, text []byte) error {
	source, err := a.newSource()
	if err != nil {
		return err
	}
	if text != nil {
		source = source.with(l.name, text)
	}
	l.source, a.source = source, source
	s, err := compiledSchema()
	if err != nil {
		return err
	}
	if l.profile, err = profile.Load(l.source, l.name, s); err != nil {
		return err
	}
	_, err = a.selected(l)
	return err
}

// readBeside reads the file that n names, relative to the file that n is in.
func (l *loaded) readBeside(n *profile.Node) ([]byte, error) {
	name, err := profile.Resolve(n.Pos.File, n.Str())
	if err != nil {
		return nil, err
	}
	return l.source.ReadFile(name)
}

// hostName is the host that commands act on.
func (a *app) hostName(l *loaded) (string, error) {
	names := make([]string, len(l.profile.Hosts))
	for i, h := range l.profile.Hosts {
		names[i] = h.Name
	}
	wanted := a.opts.host
	if wanted == "" && len(a.opts.on) > 0 {
		hosts, err := a.selected(l)
		if err != nil {
			return "", err
		}
		if len(hosts) > 1 {
			return "", fault.New(fault.Usage, "--on names %d hosts, and this command acts on one", len(hosts)).
				Hint("quick-deploy fleet deploys to many")
		}
		return hosts[0].Name, nil
	}
	if wanted == "" {
		if len(names) == 1 {
			return names[0], nil
		}
		wanted = l.machine.Hostname
	}
	for _, name := range names {
		if name == wanted {
			return name, nil
		}
	}
	e := fault.New(fault.Usage, "no host called %q in %s", wanted, l.name)
	if near := profile.Nearest(wanted, names); near != "" {
		return "", e.Hint("did you mean --host %s", near)
	}
	return "", e.Hint("choose one with --host: %s", shortList(names))
}

func shortList(names []string) string {
	const most = 8
	list := ""
	for i, name := range names {
		if i == most {
			return fmt.Sprintf("%s and %d more", list, len(names)-most)
		}
		if i > 0 {
			list += ", "
		}
		list += name
	}
	return list
}

// generate makes the flake in memory. Of its notices those about other hosts
// than --host and --on name are left out.
func (a *app) generate(ctx context.Context, l *loaded) (*generator.Tree, error) {
	facts, err := a.probed(ctx, l)
	if err != nil {
		return nil, err
	}
	l.facts = facts
	check, err := a.optionCheck()
	if err != nil {
		return nil, err
	}
	_, many := a.hostName(l) // an error of Nix is traced back for one host
	t, err := generator.Generate(generator.Input{
		Profile: l.profile, Schema: l.schema, Facts: facts, Files: l.source, Check: check, Explain: many == nil,
	})
	if err != nil {
		return nil, err
	}
	selected, err := a.selected(l)
	if err != nil {
		return nil, err
	}
	t.Notices = slices.DeleteFunc(t.Notices, func(n generator.Notice) bool {
		return n.Host != "" && !slices.ContainsFunc(selected, func(h *profile.Host) bool { return h.Name == n.Host })
	})
	a.log.Info("generated", "profile", l.name, "hosts", len(l.profile.Hosts), "files", len(t.Files), "notices", len(t.Notices))
	return t, nil
}

// probed are the probed machines: those whose facts the profile names by a file,
// and this machine, if it is one of the hosts and names none.
func (a *app) probed(ctx context.Context, l *loaded) (map[string]hardware.Facts, error) {
	facts := map[string]hardware.Facts{}
	for _, h := range l.profile.Hosts {
		n := h.Node.Get("hardware", "facts")
		if n == nil {
			continue
		}
		data, err := l.readBeside(n)
		if err != nil {
			return nil, profile.Problems{{
				Pos: n.Pos, Path: "hosts." + h.Name + ".hardware.facts", What: "hardware.facts cannot be read",
				Why: err.Error(), Hint: "write it on that machine with: quick-deploy probe --json > " + n.Str(),
			}}
		}
		f, err := hardware.Read(bytes.NewReader(data))
		if err != nil {
			return nil, profile.Problems{{
				Pos: n.Pos, Path: "hosts." + h.Name + ".hardware.facts", What: "hardware.facts cannot be read", Why: err.Error(),
			}}
		}
		facts[h.Name] = f
	}
	name := l.machine.Hostname
	if len(l.profile.Hosts) == 1 {
		name = l.profile.Hosts[0].Name
	}
	if _, known := facts[name]; known || a.opts.noProbe {
		return facts, nil
	}
	for _, h := range l.profile.Hosts {
		if h.Name == name {
			f, warnings := probe.Run(ctx, probe.Options{Root: a.opts.root})
			a.log.Info("probed", "host", name, "warnings", len(warnings))
			facts[name] = f
		}
	}
	return facts, nil
}

// hash identifies all that was read as the profile, wherever it lies: of names
// only the last part counts.
func (l *loaded) hash() string {
	sum := sha256.New()
	for _, s := range l.profile.Sources {
		fmt.Fprintf(sum, "%d\x00", len(s.Data))
		sum.Write(s.Data)
	}
	return "sha256-" + hex.EncodeToString(sum.Sum(nil))
}

// compiledSchema is the schema as validation uses it.
func compiledSchema() (*profile.Schema, error) {
	doc, err := schema.Document()
	if err != nil {
		return nil, err
	}
	return profile.NewSchema(schema.ID, doc), nil
}

// loadText reads a profile whose text is not, or not yet, in the file called name.
func (a *app) loadText(name string, text []byte) (*loaded, error) {
	node, err := schema.Root()
	if err != nil {
		return nil, err
	}
	l := &loaded{name: name, schema: node, machine: machine.Read(a.opts.root)}
	return l, a.read(l, text)
}

// optionCheck checks options against the lists that --options and
// --home-options name; nil if neither is given.
func (a *app) optionCheck() (func(user string, path []string, value nix.Expr) error, error) {
	if a.opts.options == "" && a.opts.homeOptions == "" {
		return nil, nil
	}
	system, err := readOptions(a.opts.options)
	if err != nil {
		return nil, err
	}
	home, err := readOptions(a.opts.homeOptions)
	if err != nil {
		return nil, err
	}
	return func(user string, path []string, value nix.Expr) error {
		list := system
		if user != "" {
			list = home
		}
		if list == nil {
			return nil
		}
		return list.Check(path, value)
	}, nil
}

func readOptions(name string) (*optionlist.List, error) {
	if name == "" {
		return nil, nil
	}
	f, err := regular.Open(name)
	if err != nil {
		return nil, fault.New(fault.Usage, "read the option list: %w", err)
	}
	defer f.Close()
	list, err := optionlist.Read(f)
	if err != nil {
		return nil, fault.New(fault.Usage, "%s: %w", name, err)
	}
	return list, nil
}
