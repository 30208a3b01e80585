package profile

import (
	"encoding/csv"
	"slices"
	"strings"
)

// Effect is what a layer does to a value.
type Effect string

// The effects.
const (
	Sets      Effect = "sets"       // replaces what lies below
	Merges    Effect = "merges"     // a map, key by key
	Appends   Effect = "appends"    // +key
	TakesBack Effect = "takes back" // null, or false for a service
)

// Step is one layer that has something to say about a value.
type Step struct {
	// Layer is "defaults", "group NAME" or "host NAME"; Value.Pos and Pos tell the file.
	Layer  string
	Effect Effect
	// Pos is the place of the key; Path is what stands there, which may be an
	// ancestor of what was asked for.
	Pos  Pos
	Path string
	// Value is what the layer holds, as written.
	Value *Node
	// Won is true if the value, or a part of it, is in the merged host.
	Won bool
}

// Explain tells where the value at key of a host comes from: the layers that
// mention it in the order they are applied. Key is a path as in
// services.postgresql.port; parts that hold dots may be quoted. The error is
// Problems if there is no such host, or no layer mentions the key.
func (p *Profile) Explain(host, key string) ([]Step, error) {
	h := p.Host(host)
	if h == nil {
		return nil, Problems{{Code: CodeSelector, What: "unknown host " + quoteShort(host),
			Hint: DidYouMean(host, p.b.names)}}
	}
	parts, ok := SplitKey(key)
	if !ok {
		return nil, Problems{{Code: CodeSelector, What: quoteShort(key) + " is not a path of keys",
			Hint: "write keys with dots between them"}}
	}
	var steps []Step
	for _, l := range p.b.layers(h) {
		if s, ok := mention(l.patch, parts, nil); ok {
			s.Layer = l.label
			steps = append(steps, s)
		}
	}
	if len(steps) == 0 {
		return nil, Problems{{Code: CodeSelector, Path: key, What: "no layer of " + host + " sets " + printable(key),
			Hint: nearestKey(h.Node(), parts)}}
	}
	// From the last layer down, each contributes until one replaces the rest.
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].Effect == TakesBack {
			break
		}
		steps[i].Won = true
		if steps[i].Effect == Sets {
			break
		}
	}
	return steps, nil
}

// mention finds what the patch n says about the keys, or about an ancestor of
// them that decides it. A key of the profile may itself hold dots.
func mention(n *Node, keys, path []string) (Step, bool) {
	for size := len(keys); size > 0; size-- {
		f := n.field(strings.Join(keys[:size], "."))
		if f == nil {
			continue
		}
		at := append(path[:len(path):len(path)], f.Key)
		v := f.Value
		if rest := keys[size:]; len(rest) > 0 && v.Kind == Map {
			if s, ok := mention(v, rest, at); ok || !v.fresh {
				return s, ok
			}
		}
		s := Step{Effect: Sets, Pos: f.KeyPos, Path: dotted(at), Value: v}
		switch {
		case v.takesBack():
			s.Effect = TakesBack
			if v.off {
				written := *v
				written.Kind, written.Scalar = Bool, false
				s.Value = &written
			}
		case f.add:
			s.Effect = Appends
		case v.Kind == Map && !v.fresh:
			s.Effect = Merges
		}
		return s, true
	}
	return Step{}, false
}

// nearestKey suggests a key that does exist.
func nearestKey(n *Node, keys []string) string {
	for _, key := range keys {
		next := n.Get(key)
		if next == nil {
			return DidYouMean(key, n.Keys())
		}
		n = next
	}
	return ""
}

// SplitKey splits a.b."c.d" into its parts; ok is false if one is empty, or quotes are not paired.
func SplitKey(s string) (parts []string, ok bool) {
	if !strings.Contains(s, `"`) {
		parts = strings.Split(s, ".")
		return parts, !slices.Contains(parts, "")
	}
	r := csv.NewReader(strings.NewReader(s))
	r.Comma = '.'
	parts, err := r.Read()
	return parts, err == nil && !slices.Contains(parts, "")
}
