// Package pin writes and checks quick-deploy.pin: a file that travels with a
// profile and says what that profile becomes, so that another machine can
// prove that it gets the same, or name what differs.
//
// A pin is JSON and depends on nothing but what it describes: no time, no
// path, no machine. Its own hash tells a damaged pin from one that differs.
package pin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// FileName is the usual name of a pin, beside the profile.
const FileName = "quick-deploy.pin"

const version = 1

const lockPath = "flake.lock"

// Pin is the content of a quick-deploy.pin.
type Pin struct {
	Version int `json:"version"`
	// Tool is the version of the program.
	Tool string `json:"tool"`
	// Profile is the hash of the profile with all that it extends.
	Profile string `json:"profile"`
	// Tree is the hash of the NAR of a directory with the files, as nix hash
	// path prints it.
	Tree string `json:"tree"`
	// Lock is the hash of flake.lock.
	Lock string `json:"lock"`
	// Inputs are the pinned inputs, from flake.lock, by their path.
	Inputs map[string]flake.Locked `json:"inputs"`
	// Hosts are the store paths of the hosts' toplevel derivations, as far as
	// they were evaluated.
	Hosts map[string]string `json:"hosts,omitempty"`
	// Files are the hashes of the files, by path.
	Files map[string]string `json:"files"`
	// Hash is the hash of this file with Hash empty.
	Hash string `json:"hash"`
}

// New describes a tree. The files are those of the set, flake.lock among them;
// meta is as in the manifest; hosts maps a host to its toplevel derivation
// (/nix/store/….drv) and may be nil.
func New(meta tree.Meta, files []tree.File, hosts map[string]string) (Pin, error) {
	p := Pin{
		Version: version, Tool: meta.Tool, Profile: meta.Profile, Hosts: hosts, Inputs: map[string]flake.Locked{},
		Files: map[string]string{},
	}
	var err error
	if p.Tree, err = tree.Hash(files); err != nil {
		return Pin{}, err
	}
	for _, f := range files {
		p.Files[f.Path] = encode.Hash(f.Data)
		if f.Path != lockPath {
			continue
		}
		p.Lock = encode.Hash(f.Data)
		if p.Inputs, err = flake.ReadLock(f.Data); err != nil {
			return Pin{}, err
		}
	}
	if p.Hash, err = p.hash(); err != nil {
		return Pin{}, err
	}
	return p, nil
}

func (p Pin) hash() (string, error) {
	p.Hash = ""
	data, err := p.Encode()
	if err != nil {
		return "", err
	}
	return encode.Hash(data), nil
}

// Encode is the content of the file.
func (p Pin) Encode() ([]byte, error) {
	var buf bytes.Buffer
	if err := encode.JSON(&buf, p); err != nil {
		return nil, fmt.Errorf("write the pin: %w", err)
	}
	return buf.Bytes(), nil
}

// Decode reads a pin. One that is damaged, or of a newer version, is a fault.
func Decode(data []byte) (Pin, error) {
	var p Pin
	if err := json.Unmarshal(data, &p); err != nil {
		return Pin{}, damaged(err)
	}
	if p.Version > version {
		return Pin{}, fault.New(fault.Preflight,
			"read the pin: version %d, written by a newer quick-deploy (%s)", p.Version, p.Tool).
			Hint("use that version or a newer one")
	}
	if p.Version != version || p.Files == nil {
		return Pin{}, damaged(errors.New("this is not a quick-deploy pin"))
	}
	want, err := p.hash()
	if err != nil {
		return Pin{}, err
	}
	if want != p.Hash {
		return Pin{}, damaged(fmt.Errorf("its content has the hash %s, not %s", want, p.Hash))
	}
	return p, nil
}

func damaged(err error) error {
	return fault.New(fault.Preflight, "read the pin: %w", err).
		Hint("fetch it again from where it was exported, or export it again: quick-deploy pin export")
}

// Kind is what differs between two pins.
type Kind string

// The kinds, in the order in which Compare reports them: a cause comes before
// what follows from it.
const (
	KindTool    Kind = "tool"
	KindProfile Kind = "profile"
	KindInput   Kind = "input"
	KindFile    Kind = "file"
	KindHost    Kind = "host"
	KindTree    Kind = "tree"
)

// Difference is one thing that is not as pinned.
type Difference struct {
	Kind Kind `json:"kind"`
	// Name is the input's path, the file's path or the host's name; empty for the others.
	Name string `json:"name,omitempty"`
	// Pinned and Found are versions, hashes, revisions or store paths; one is
	// empty where the thing exists on one side only.
	Pinned string `json:"pinned"`
	Found  string `json:"found"`
}

func (d Difference) String() string {
	name := string(d.Kind)
	if d.Name != "" {
		name += " " + d.Name
	}
	switch {
	case d.Pinned == "":
		return fmt.Sprintf("%s: not in the pin", name)
	case d.Found == "":
		return fmt.Sprintf("%s: missing; the pin has %s", name, d.Pinned)
	}
	return fmt.Sprintf("%s: %s, pinned %s", name, d.Found, d.Pinned)
}

// Compare names every difference between a pin and what was found. Hosts are
// compared only if both sides evaluated them.
func Compare(pinned, found Pin) []Difference {
	var out []Difference
	add := func(kind Kind, name, pinned, found string) {
		if pinned != found {
			out = append(out, Difference{kind, name, pinned, found})
		}
	}
	add(KindTool, "", pinned.Tool, found.Tool)
	add(KindProfile, "", pinned.Profile, found.Profile)
	for _, name := range union(pinned.Inputs, found.Inputs) {
		was, is := pinned.Inputs[name], found.Inputs[name]
		add(KindInput, name, describe(was, is), describe(is, was))
	}
	for _, name := range union(pinned.Files, found.Files) {
		add(KindFile, name, pinned.Files[name], found.Files[name])
	}
	for _, name := range union(pinned.Hosts, found.Hosts) {
		if pinned.Hosts[name] != "" && found.Hosts[name] != "" {
			add(KindHost, name, pinned.Hosts[name], found.Hosts[name])
		}
	}
	add(KindTree, "", pinned.Tree, found.Tree)
	return out
}

// describe is the part of in that differs from other, of which in.Rev or else the hash is enough to tell them
// apart; "" where there is no such input.
func describe(in, other flake.Locked) string {
	switch {
	case in.Rev != other.Rev:
		return cmp.Or(in.Rev, in.NarHash)
	case in.NarHash != other.NarHash:
		return in.NarHash
	case in.Ref != other.Ref:
		return "branch " + in.Ref
	}
	return fmt.Sprintf("of %d", in.LastModified)
}

func union[V any](a, b map[string]V) []string {
	all := map[string]V{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// Verify is Compare as a fault: nil if nothing differs, else one of code
// Pending that names the first differences.
func Verify(pinned, found Pin) ([]Difference, error) {
	diffs := Compare(pinned, found)
	if len(diffs) == 0 {
		return nil, nil
	}
	more := ""
	if len(diffs) > 1 {
		more = fmt.Sprintf(" (and %d more differences)", len(diffs)-1)
	}
	return diffs, fault.New(fault.Pending, "not as pinned: %s%s", diffs[0], more)
}
