package flake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// lockVersion is the version of flake.lock since Nix 2.4.
const lockVersion = 7

// node is a flake in the graph that a lock file describes.
type node struct {
	original, locked attrs // nil for the root
	source           bool
	inputs           map[string]edge
}

// edge leads to an input: a node, or the input path that it follows.
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
// nix flake lock writes for it. Every input, and every input that one brings
// along, must be pinned.
func Lock(inputs []Input) ([]byte, error) {
	root, err := graph(inputs)
	if err != nil {
		return nil, err
	}
	return root.encode()
}

// Relock is Lock, except that it keeps what the lock file have pins: an input
// that flake.nix still states the same way stays at its revision, as nix
// flake lock would leave it. Inputs whose pin the profile fixes, inputs that
// are new, and those whose reference changed get the pin in inputs.
func Relock(have []byte, inputs []Input) ([]byte, error) {
	root, err := graph(inputs)
	if err != nil {
		return nil, err
	}
	old, err := decode(have)
	if err != nil {
		return nil, err
	}
	for _, in := range inputs {
		was, ok := old.inputs[in.Name]
		if !ok || was.node == nil {
			continue
		}
		want := root.inputs[in.Name].node
		if keeps(was.node, want, in.Fixed) {
			root.inputs[in.Name] = was
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
	if was.source != want.source || !sameAttrs(was.original, want.original) {
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

func sameAttrs(a, b attrs) bool {
	return maps.EqualFunc(a, b, func(x, y any) bool { return fmt.Sprint(x) == fmt.Sprint(y) })
}

func graph(inputs []Input) (*node, error) {
	if err := Validate(inputs); err != nil {
		return nil, err
	}
	root := &node{}
	if err := root.add(inputs, nil); err != nil {
		return nil, err
	}
	if err := root.resolve(); err != nil {
		return nil, err
	}
	return root, nil
}

// add gives n the inputs, which are declared by the flake at the input path at.
func (n *node) add(inputs []Input, at []string) error {
	if n.inputs == nil {
		n.inputs = map[string]edge{}
	}
	for _, in := range inputs {
		if in.Locked == nil {
			return fmt.Errorf("input %s: not pinned", strings.Join(append(slices.Clone(at), in.Name), "/"))
		}
		original, err := parseRef(in.URL)
		if err != nil {
			return fmt.Errorf("input %s: %w", in.Name, err)
		}
		child := &node{original: original, locked: in.Locked.attrs(), source: in.Source, inputs: map[string]edge{}}
		for name, target := range in.Follows {
			child.inputs[name] = edge{follows: append(slices.Clone(at), strings.Split(target, "/")...)}
		}
		if err := child.add(in.Inputs, append(slices.Clone(at), in.Name)); err != nil {
			return err
		}
		n.inputs[in.Name] = edge{node: child}
	}
	return nil
}

// resolve checks that every path that is followed leads to an input.
func (n *node) resolve() error {
	var visit func(*node) error
	visit = func(m *node) error {
		for name, e := range m.inputs {
			if e.node != nil {
				if err := visit(e.node); err != nil {
					return err
				}
				continue
			}
			if len(e.follows) > 0 && !n.leads(e.follows, 0) {
				return fmt.Errorf("%s follows %s, which is no input", name, strings.Join(e.follows, "/"))
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

		out := lockNode{Locked: n.locked, Original: n.original}
		if n.source {
			out.Flake = new(bool)
		}
		for _, key := range slices.Sorted(maps.Keys(n.inputs)) {
			if out.Inputs == nil {
				out.Inputs = map[string]any{}
			}
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
	var file lockFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("read flake.lock: %w", err)
	}
	if file.Version < 5 || file.Version > lockVersion {
		return nil, fmt.Errorf("read flake.lock: version %d is not known", file.Version)
	}
	nodes := map[string]*node{}
	for name := range file.Nodes {
		nodes[name] = &node{}
	}
	for name, in := range file.Nodes {
		if len(in.Parent) > 0 {
			return nil, errors.New("read flake.lock: relative inputs are not supported")
		}
		n := nodes[name]
		n.original, n.locked = in.Original, in.Locked
		n.source = in.Flake != nil && !*in.Flake
		n.inputs = map[string]edge{}
		for key, v := range in.Inputs {
			e, err := decodeEdge(v, nodes)
			if err != nil {
				return nil, fmt.Errorf("read flake.lock: input %s of %s: %w", key, name, err)
			}
			n.inputs[key] = e
		}
	}
	root, ok := nodes[file.Root]
	if !ok {
		return nil, errors.New("read flake.lock: no root node")
	}
	if cyclic(root) {
		return nil, errors.New("read flake.lock: its nodes run in a circle")
	}
	return root, nil
}

func decodeEdge(v any, nodes map[string]*node) (edge, error) {
	switch v := v.(type) {
	case string:
		n, ok := nodes[v]
		if !ok {
			return edge{}, fmt.Errorf("no node %q", v)
		}
		return edge{node: n}, nil
	case []any:
		follows := []string{}
		for _, part := range v {
			s, ok := part.(string)
			if !ok {
				return edge{}, errors.New("a path to follow is a list of names")
			}
			follows = append(follows, s)
		}
		return edge{follows: follows}, nil
	}
	return edge{}, errors.New("neither a node's name nor a path to follow")
}

func cyclic(root *node) bool {
	const (
		open = 1
		done = 2
	)
	state := map[*node]int{}
	var visit func(*node) bool
	visit = func(n *node) bool {
		switch state[n] {
		case open:
			return true
		case done:
			return false
		}
		state[n] = open
		for _, e := range n.inputs {
			if e.node != nil && visit(e.node) {
				return true
			}
		}
		state[n] = done
		return false
	}
	return visit(root)
}
