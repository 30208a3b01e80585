// Package generator turns a profile and the facts about its machines into the
// files of a NixOS flake. It is pure: the same inputs give the same bytes, on
// any machine, for any user, at any time.
package generator

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/quick-deploy/quick-deploy/generator/cleartext"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/modules"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Input is all that a flake is made from.
type Input struct {
	Profile *profile.Profile
	// Schema is schema.Root(); callers that generate often parse it once.
	Schema *schema.Node
	// Facts are the probed machines by host name. A host without them gets no
	// hardware decisions beyond its platform.
	Facts map[string]hardware.Facts
	// Files reads the files that the profile names.
	Files profile.Source
	// Pins are the revisions of the flake's inputs; nil means those that are built in.
	Pins flake.Pins
	// Tool is the source that the program itself was built from, where it knows that: a pin for [flake.Tool].
	Tool *flake.Locked
	// Index knows the names of packages and options that a host can have; nil checks none. A name that it does not have
	// is a problem where it is exact. Elsewhere Warn gets a notice, which stops nothing, also where the profile is at
	// fault otherwise. Both are called for many hosts at once.
	Index func(Inputs) *index.Index
	Warn  func(Notice)
	// Explain has each host's Options and each file's Lines handed out: those of ten thousand hosts take 130 MiB.
	Explain bool
	// NoFiles leaves out the files: all that a profile can get wrong shows before they are printed.
	NoFiles bool

	engine Engine
	known  *known
	// shared says that the flake makes one package set for all hosts.
	shared bool
}

// File is one file of the flake.
type File struct {
	// Path is relative to the flake's folder, with slashes.
	Path string
	Data []byte
	// Once says that the file is created if it is missing and never touched again.
	Once bool
	// Lines are the profile nodes that the lines come from, where there are any; with Input.Explain.
	Lines []string
	// Adapt, if set, is asked when the file on disk is not as the tool wrote
	// it: given that content, it returns what should be there instead of
	// Data. flake.lock uses it to keep the revisions that the user locked. An
	// error makes the file a conflict, as for any other hand edit.
	Adapt func(have []byte) ([]byte, error)
	// Beside names a file of the set that this one goes with: if that one is
	// kept because of a hand edit, this one is kept too.
	Beside string
}

// Tree is a complete flake.
type Tree struct {
	Files []File // by path
	Hosts []Host // by name
	Fleet Fleet
	// Pinned are the inputs that the profile pins, by their names in the flake.
	Pinned  map[string]profile.Pos
	Notices []Notice
}

// File is the content of the file at path, nil if the flake has none.
func (t *Tree) File(path string) []byte {
	for _, f := range t.Files {
		if f.Path == path {
			return f.Data
		}
	}
	return nil
}

// Notice is something the user should know that stops nothing.
type Notice struct {
	Host string
	Pos  profile.Pos
	Text string
	// Name says that it is about a name at Pos that is not known, and may be wrong.
	Name bool
	// Machine says that it is about disks, boot loader and drivers: what only the machine itself has.
	Machine bool
}

// Generate makes the flake. An error that the profile is to blame for is a
// profile.Problems with all of them. Of what remains of a profile at fault (see profile.Load) it finds what else is
// wrong.
func Generate(in Input) (*Tree, error) {
	fleet, wrong := readFleet(in.Profile)
	in.engine, in.shared, in.known = fleet.Engine, fleet.SharePackages, &known{seed: maphash.MakeSeed()}
	hosts, err := buildHosts(in)
	if wrong = profile.Join(wrong, err); hosts == nil {
		return nil, wrong
	}
	in.NoFiles = in.NoFiles || wrong != nil
	top, pinned, err := flakeFiles(in, fleet, hosts, wrong == nil)
	if err := profile.Join(wrong, err); err != nil {
		return nil, err
	}
	tree := &Tree{Fleet: fleet, Pinned: pinned, Hosts: make([]Host, 0, len(hosts))}
	used := map[string]bool{}
	count := len(top)
	for _, h := range hosts {
		count += len(h.files)
	}
	tree.Files = make([]File, 0, count)
	for _, h := range hosts {
		tree.Files = append(tree.Files, h.files...)
		tree.Hosts = append(tree.Hosts, h.summary)
		tree.Notices = append(tree.Notices, h.notices...)
		for m := range h.modules {
			used[m] = true
		}
	}
	if in.NoFiles {
		return tree, nil
	}
	for _, path := range sortedKeys(used) {
		data, err := modules.Files.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read module %s: %w", path, err)
		}
		tree.Files = append(tree.Files, File{Path: "modules/" + path, Data: data})
	}
	tree.Files = append(tree.Files, top...)
	tree.Files = append(tree.Files, sopsConfig(hosts)...)
	slices.SortFunc(tree.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return tree, nil
}

// buildHosts builds every host, in parallel since they do not depend on each other. Where the profile is at fault the
// hosts are those that there are, as far as they could be built; nil if there are none.
func buildHosts(in Input) ([]*host, error) {
	node := in.Schema.Property("host")
	if node == nil {
		return nil, fmt.Errorf("the schema has no host")
	}
	hosts := make([]*host, len(in.Profile.Hosts))
	errs := make([]error, len(hosts))
	values := valueChecker{in: in, secrets: cleartext.NewWalker(), lines: &sync.Map{}}
	wrong := make([]profile.Problems, len(hosts))
	problems := values.check(in.Profile.Root)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(hosts)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(hosts); i = int(next.Add(1)) - 1 {
				p := in.Profile.Hosts[i]
				n := p.Node()
				wrong[i] = values.check(rootOf(p.Name, n))
				if hosts[i], errs[i] = buildHost(in, node, p, n); hosts[i] != nil {
					hosts[i].done()
				}
			}
		})
	}
	wg.Wait()
	problems = append(problems, slices.Concat(wrong...)...)
	for _, err := range errs {
		switch e := err.(type) {
		case nil:
		case profile.Problems:
			problems = append(problems, e...)
		default:
			return nil, err
		}
	}
	if len(hosts) == 0 {
		hosts = nil
	}
	return hosts, profile.Join(problems)
}

// valueChecker finds values that may stand nowhere in a profile. Hosts share what they inherit, which is looked at
// once.
type valueChecker struct {
	in      Input
	secrets *cleartext.Walker
	lines   *sync.Map
}

func (c *valueChecker) check(root *profile.Node) profile.Problems {
	return append(clearSecrets(c.secrets, c.in.Profile, root, c.in.Schema), oneLine(c.lines, root, c.in.Schema)...)
}

// rootOf is a profile of one host.
func rootOf(name string, host *profile.Node) *profile.Node {
	hosts := &profile.Node{Kind: profile.Map, Fields: []profile.Field{{Key: name, KeyPos: host.Pos, Value: host}}}
	return &profile.Node{Kind: profile.Map, Fields: []profile.Field{{Key: "hosts", Value: hosts}}}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
