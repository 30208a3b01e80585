package generator

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"path"

	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/modules"
)

// known is what is the same for many hosts, and made once. It is for concurrent use.
type known struct {
	importsOf sync.Map // []string by the name of a module
	undecided sync.Map // *decided by question
	sets      sync.Map // *set by what is in it
	texts     sync.Map // []byte by hash
	slips     sync.Map // []slip by listed, *index.Fault by asked
	seed      maphash.Seed
}

// text is data, or what is the same and there already, as of most hosts a home or another file is, without the room
// that printing it took.
func (k *known) text(data []byte) []byte {
	hash := maphash.Bytes(k.seed, data)
	if have, ok := k.texts.Load(hash); ok && bytes.Equal(have.([]byte), data) {
		return have.([]byte)
	}
	data = bytes.Clone(data)
	k.texts.Store(hash, data)
	return data
}

// importsModule finds what a module of the catalogue imports from the folder that it is in.
var importsModule = lazyregexp.New(`imports = \[ \./([a-z0-9-]+\.nix) \]`)

// imports are the modules that a module of the catalogue imports.
func (k *known) imports(name string) ([]string, error) {
	if found, ok := k.importsOf.Load(name); ok {
		return found.([]string), nil
	}
	data, err := modules.Files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read module %s: %w", name, err)
	}
	var found []string
	for _, m := range importsModule.FindAllSubmatch(data, -1) {
		found = append(found, path.Join(path.Dir(name), string(m[1])))
	}
	k.importsOf.Store(name, found)
	return found, nil
}

// set is a set of names, and what those of modules are called in the flake.
type set struct {
	names map[string]bool
	paths []string
}

// same is a set with these names, which hosts of the same have together.
func (k *known) same(names map[string]bool) *set {
	sorted := sortedKeys(names)
	key := strings.Join(sorted, "\x00")
	if found, ok := k.sets.Load(key); ok {
		return found.(*set)
	}
	s := &set{names: names}
	for _, name := range sorted {
		s.paths = append(s.paths, "modules/"+name)
	}
	found, _ := k.sets.LoadOrStore(key, s)
	return found.(*set)
}

// question is all that decides about the hardware of a host of which no facts are known.
type question struct {
	chosen          *profile.Node // of the host; nil, or inherited
	release, system string
	laidOut         bool
}

// decided is a decision, and the module that comes of it.
type decided struct {
	hardware.Decision
	module nix.Printed
	failed error // to write the module
}

// decide is what there is to say about the hardware. Hosts of which nothing is known, and that choose nothing by
// themselves, have the same.
func (k *known) decide(q question, probed bool, facts hardware.Facts, over hardware.Overrides) (*decided, error) {
	same := !probed && (q.chosen == nil || q.chosen.Shared())
	if same {
		if d, ok := k.undecided.Load(q); ok {
			return d.(*decided), nil
		}
	}
	d, err := hardware.Decide(facts, over)
	if err != nil {
		return nil, err
	}
	out := &decided{Decision: d}
	var file nix.File
	if file, out.failed = d.Module(); out.failed == nil {
		out.module, out.failed = file.Print()
	}
	if same {
		k.undecided.Store(q, out)
	}
	return out, nil
}
