package flake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// lockVersion is the version of flake.lock since Nix 2.4.
const lockVersion = 7

// node is a flake in the graph that a lock file describes.
type node struct {
	original, locked attrs // nil for the root
	source           bool  // a plain source tree: flake = false
	inputs           map[string]edge
}

// edge leads to an input: a node, or the input path that it follows, from the root.
type edge struct {
	node    *node
	follows []string
}

// lockNode and lockFile are the JSON of flake.lock. The fields are in
// alphabetical order, because Nix sorts its keys.
type lockNode struct {
	Flake    *bool          `json:"flake,omitempty"`
	Inputs   map[string]any `json:"inputs,omitempty"` // a node's name, or a path to follow
	Locked   attrs          `json:"locked,omitempty"`
	Original attrs          `json:"original,omitempty"`
	Parent   []string       `json:"parent,omitempty"`
}

type lockFile struct {
	Nodes   map[string]lockNode `json:"nodes"`
	Root    string              `json:"root"`
	Version int                 `json:"version"`
}

// Lock is the flake.lock of a flake with these inputs, byte for byte what
// nix flake lock writes for it.
func Lock(inputs []Input) ([]byte, error) { return lock(&node{}, inputs) }

// Relock is Lock, except that it keeps what the lock file have pins: an input
// that flake.nix still states the same way stays at its revision, as nix
// flake lock would leave it. Inputs whose pin the profile fixes, inputs that
// are new, and those whose reference changed get the pin in inputs.
func Relock(have []byte, inputs []Input) ([]byte, error) {
	old, err := decode(have)
	if err != nil {
		return nil, err
	}
	return lock(old, inputs)
}

func lock(old *node, inputs []Input) ([]byte, error) {
	root := &node{inputs: map[string]edge{}}
	for _, in := range inputs {
		if !nameRE.MatchString(in.Name) {
			return nil, fmt.Errorf("input %q: a name is a letter, then letters, digits, _ and -", in.Name)
		}
		root.inputs[in.Name] = edge{node: in.node}
		if was := old.inputs[in.Name].node; was != nil && keeps(was, in.node, in.Fixed) {
			root.inputs[in.Name] = edge{node: was}
		}
	}
	if err := root.resolve(); err != nil {
		return nil, fmt.Errorf("the lock file's pins and the profile's do not fit together: %w", err)
	}
	return root.encode()
}

// keeps reports whether the locked node was answers to what flake.nix now
// wants: same reference, same redirections.
func keeps(was, want *node, fixed bool) bool {
	if was.source != want.source || !reflect.DeepEqual(was.original, want.original) {
		return false
	}
	if fixed && text(was.locked, "rev") != text(want.locked, "rev") {
		return false
	}
	for name, e := range want.inputs {
		if e.node != nil {
			continue
		}
		// An input that the other revision does not have needs no redirection.
		if had, ok := was.inputs[name]; ok && !slices.Equal(had.follows, e.follows) {
			return false
		}
	}
	for name, e := range was.inputs {
		// What was locked redirected and is no longer must be locked anew.
		if e.node == nil && len(e.follows) > 0 && want.inputs[name].node != nil {
			return false
		}
	}
	return true
}

// resolve checks that every path that is followed leads to an input.
func (n *node) resolve() error {
	seen := map[*node]bool{}
	var visit func(*node) error
	visit = func(m *node) error {
		if seen[m] {
			return nil
		}
		seen[m] = true
		for name, e := range m.inputs {
			if e.node == nil && len(e.follows) > 0 && !n.leads(e.follows, 0) {
				return fmt.Errorf("%s follows %s, which is not an input", name, strings.Join(e.follows, "/"))
			}
			if e.node == nil {
				continue
			}
			if err := visit(e.node); err != nil {
				return err
			}
		}
		return nil
	}
	return visit(n)
}

// leads reports whether path, from the root n, ends at a node; hops guards
// against redirections that run in a circle.
func (n *node) leads(path []string, hops int) bool {
	if hops > 64 {
		return false
	}
	at := n
	for i, name := range path {
		e, ok := at.inputs[name]
		if !ok {
			return false
		}
		if e.node == nil {
			return n.leads(append(slices.Clone(e.follows), path[i+1:]...), hops+1)
		}
		at = e.node
	}
	return true
}

// encode writes the graph the way Nix does (LockFile::toJSON): nodes are named
// after the input by which they are first reached, inputs taken by name and
// depth first, with _2, _3, … where a name is taken; keys sorted, two spaces.
func (n *node) encode() ([]byte, error) {
	names := map[*node]string{}
	file := lockFile{Nodes: map[string]lockNode{}, Version: lockVersion}
	taken := map[string]bool{}

	var dump func(want string, n *node) string
	dump = func(want string, n *node) string {
		if name, ok := names[n]; ok {
			return name
		}
		name := want
		for i := 2; taken[name]; i++ {
			name = want + "_" + strconv.Itoa(i)
		}
		taken[name], names[n] = true, name

		out := lockNode{Locked: n.locked, Original: n.original, Inputs: map[string]any{}}
		if n.source {
			out.Flake = new(bool)
		}
		for _, key := range slices.Sorted(maps.Keys(n.inputs)) {
			e := n.inputs[key]
			if e.node != nil {
				out.Inputs[key] = dump(key, e.node)
				continue
			}
			out.Inputs[key] = append([]string{}, e.follows...) // [] and not null
		}
		file.Nodes[name] = out
		return name
	}
	file.Root = dump("root", n)

	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(file); err != nil {
		return nil, fmt.Errorf("write flake.lock: %w", err)
	}
	return buf.Bytes(), nil
}

// decode reads a lock file into its graph.
func decode(data []byte) (*node, error) {
	root, err := decodeGraph(data)
	if err != nil {
		return nil, fmt.Errorf("read flake.lock: %w", err)
	}
	return root, nil
}

func decodeGraph(data []byte) (*node, error) {
	var file lockFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&file); err != nil {
		return nil, err
	}
	if file.Version < 5 || file.Version > lockVersion {
		return nil, fmt.Errorf("unknown version %d", file.Version)
	}
	if _, ok := file.Nodes[file.Root]; !ok {
		return nil, errors.New("no root node")
	}
	nodes := map[string]*node{} // nil while its inputs are read
	var read func(name string) (*node, error)
	read = func(name string) (*node, error) {
		if n, known := nodes[name]; n != nil {
			return n, nil
		} else if known {
			return nil, errors.New("its nodes run in a circle")
		}
		nodes[name] = nil
		in := file.Nodes[name]
		if len(in.Parent) > 0 {
			return nil, errors.New("relative inputs are not supported")
		}
		n := &node{original: in.Original, locked: in.Locked, source: in.Flake != nil && !*in.Flake, inputs: map[string]edge{}}
		for key, v := range in.Inputs {
			var e edge
			switch v := v.(type) {
			case string:
				if _, ok := file.Nodes[v]; !ok {
					return nil, fmt.Errorf("input %s of %s: no node %q", key, name, v)
				}
				var err error
				if e.node, err = read(v); err != nil {
					return nil, err
				}
			case []any:
				for _, part := range v {
					s, ok := part.(string)
					if !ok {
						return nil, fmt.Errorf("input %s of %s: a path to follow is a list of names", key, name)
					}
					e.follows = append(e.follows, s)
				}
			default:
				return nil, fmt.Errorf("input %s of %s: neither a node's name nor a path to follow", key, name)
			}
			n.inputs[key] = e
		}
		nodes[name] = n
		return n, nil
	}
	return read(file.Root)
}
