package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/source"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Loaded is a profile that was read and checked.
type Loaded struct {
	Name    string // as the user named it
	Builtin bool   // there is no file: the starter profile of this machine
	probed  string // hash of what this machine has told of itself, "" if it was not asked
	source  *source.Source
	Profile *profile.Profile
	schema  *schema.Node
	machine machine.Machine
	input   generator.Input // once generated
	names   *names          // that it was generated with
}

const (
	// builtinProfile is the value of --profile for the profile that is built in.
	builtinProfile = "builtin:"
	// builtinName is what messages call it.
	builtinName = "built-in profile"
)

// NoProfileError says that no profile was named and where one was looked for.
type NoProfileError struct{ searched []string }

func (e *NoProfileError) Error() string {
	return "no profile found: looked for " + strings.Join(e.searched, " and ")
}

// ProfilePath is the profile to use. Where none was named and none is found, the
// error wraps a NoProfileError: what the user has not written nobody acts on.
func (a *App) ProfilePath() (string, error) {
	if a.Profile == builtinProfile {
		return builtinProfile, nil
	}
	if a.Profile != "" {
		if _, err := os.Stat(a.Profile); err != nil {
			e := unreadable(a.Profile, err)
			if errors.Is(err, fs.ErrNotExist) {
				e.Hint("quick-deploy init writes a first profile")
			}
			return "", e
		}
		return a.Profile, nil
	}
	var none NoProfileError
	for _, path := range []string{"quick-deploy.yaml", filepath.Join(ConfigHome(), "quick-deploy", "profile.yaml")} {
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", unreadable(path, err)
		}
		if path, err = filepath.Abs(path); err != nil {
			return "", fmt.Errorf("look for the profile: %w", err)
		}
		none.searched = append(none.searched, path)
	}
	return "", fault.New(fault.Profile, "%w", &none).
		Hint("run it where the profile is, or name it with --profile FILE; quick-deploy init writes a first one").
		Hint("--profile %s takes the built-in one, filled in from this machine's hardware and settings", builtinProfile)
}

// unreadable is the error of a profile that cannot be read, at the path where it is.
func unreadable(path string, err error) *fault.Error {
	if abs, absErr := filepath.Abs(path); absErr == nil {
		path = abs
	}
	return fault.New(fault.Profile, "cannot read %s: %w", path, regular.Why(path, err))
}

// Load reads the profile, once.
func (a *App) Load() (*Loaded, error) { return a.LoadSome() }

// LoadSome is Load for a question about the hosts that the patterns name: of a large profile no other need be read.
func (a *App) LoadSome(hosts ...string) (*Loaded, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	whole := a.read != nil && a.read.Profile != nil && !a.read.Profile.Partial
	if a.asked == nil || !whole && !slices.Equal(a.asked, hosts) {
		a.read, a.readErr = a.readProfile(hosts...)
		a.asked = append([]string{}, hosts...)
	}
	return a.read, a.readErr
}

// Asked are the hosts that --host or --on names, or else this machine.
func (a *App) Asked() []string {
	switch {
	case a.Host != "":
		return []string{a.Host}
	case len(a.On) > 0:
		return a.On
	}
	return []string{machine.Read(a.Root).Hostname}
}

func (a *App) readProfile(hosts ...string) (*Loaded, error) {
	path, err := a.ProfilePath()
	if err != nil {
		return nil, err
	}
	if path != builtinProfile {
		return a.LoadText(path, nil, hosts...)
	}
	text, err := starter.Profile(starter.For(machine.Read(a.Root), "minimal"))
	if err != nil {
		return nil, err
	}
	l, err := a.LoadText(builtinName, text)
	if l != nil {
		l.Builtin = true
	}
	return l, err
}

// LoadText reads and checks the profile called name; text, if there is any, stands for its
// content. The hosts that --host and --on name have to be in it. See LoadSome for hosts.
func (a *App) LoadText(name string, text []byte, hosts ...string) (*Loaded, error) {
	node, err := schema.Root()
	if err != nil {
		return nil, err
	}
	l := &Loaded{Name: name, schema: node, machine: machine.Read(a.Root)}
	if l.source, err = source.New(a.Seen, a.ExtendsFrom); err != nil {
		return nil, err
	}
	if text != nil {
		l.source = l.source.With(name, text)
	}
	if l.Profile, err = profile.Load(l.source, name, node, hosts...); err != nil {
		if at, ok := errors.AsType[*fs.PathError](err); ok {
			err = unreadable(at.Path, at)
		}
		return l, a.allProblems(l, err)
	}
	_, err = a.Selected(l)
	return l, err
}

// allProblems adds to what is wrong with a profile what only shows when the flake is made of what remains of it.
func (a *App) allProblems(l *Loaded, err error) error {
	var problems profile.Problems
	if l.Profile == nil || !errors.As(err, &problems) {
		return err
	}
	facts, unread := generator.NamedFacts(l.Profile, l.source)
	names, failed := newNames(context.Background(), a)
	if failed != nil {
		return err
	}
	names.listed = true // nothing is started for a profile that is at fault
	l.names = names
	// What is at fault is known: that making a flake of it fails otherwise is no news.
	_, more := generator.Generate(a.inputOf(l, facts, false))
	tell(a, names.warnings(nil))
	var found profile.Problems
	errors.As(more, &found)
	return profile.Join(problems, unread, found)
}

// LoadHost reads the profile as far as it is about the host that the command acts on, and says which that is.
func (a *App) LoadHost() (*Loaded, string, error) {
	l, err := a.LoadSome(a.Asked()...)
	if err != nil {
		return nil, "", err
	}
	host, err := a.HostName(l)
	return l, host, err
}

// Node is the merged profile of a host.
func (l *Loaded) Node(host string) *profile.Node {
	if h := l.Profile.Host(host); h != nil {
		return h.Node()
	}
	return nil
}

// path is the profile's absolute path; of the built-in one the value of --profile.
func (l *Loaded) path() (string, error) {
	if l.Builtin {
		return builtinProfile, nil
	}
	return filepath.Abs(l.Name)
}

// hash identifies all that was read as the profile.
func (l *Loaded) hash() string { return manifest.HashProfile(l.Profile.Sources) }

// Schema is the schema of profiles with the names of packages and options, as editors take it.
func Schema() ([]byte, error) {
	bundle, err := schema.Bundle()
	if err != nil {
		return nil, err
	}
	return index.Open(release.Default()).Editor(bundle)
}
