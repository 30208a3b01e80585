package generator

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// channel says which inputs a host is built from. Hosts whose group or own
// entry chooses a release or pins have a channel of their own: nixpkgs-canary
// beside nixpkgs.
type channel struct {
	name    string // empty for the one of the profile
	release string
	pins    *profile.Node // nil where the group and the host pin nothing
	at      *profile.Node // what a problem is shown at
}

// chooseChannel reads release and pins of the merged host. The channel is
// called after the layers that chose it, so that all hosts of a group share one.
func (h *host) chooseChannel() error {
	own, pins := h.node.Get("release"), h.node.Get("pins")
	h.channel = channel{release: cmp.Or(own.Str(), releaseOf(h.in.Profile)), pins: pins, at: cmp.Or(own, pins)}
	h.summary.Release = h.channel.release
	if len(pins.Keys()) == 0 && h.channel.release == releaseOf(h.in.Profile) {
		return nil
	}
	var names []string
	for _, key := range []string{"release", "pins"} {
		if h.node.Get(key) == nil {
			continue
		}
		steps, err := h.in.Profile.Explain(h.profile.Name, key)
		if err != nil {
			return err
		}
		for _, s := range steps {
			_, name, named := strings.Cut(s.Layer, " ")
			if !named {
				name = s.Layer
			}
			if s.Won && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	h.channel.name = strings.Join(names, "-")
	return nil
}

// inputName is what the flake calls an input of the channel's hosts.
func (c channel) inputName(name string) string {
	if c.name == "" {
		return name
	}
	return flake.VariantName(name, c.name)
}

// same reports whether two channels of one name are one.
func (c channel) same(d channel) bool {
	return c.release == d.release && reflect.DeepEqual(c.pins.Any(), d.pins.Any())
}

// source is the inputs of one channel.
type source struct {
	channel
	names  []string      // as modules say them
	inputs []flake.Input // as the flake has them
}

// sources are the inputs of the flake: those of the profile first, then those
// of each channel by name. Pinned are the places of the profile's pins, by the
// flake's names.
func sources(in Input, hosts []*host) (out []source, pinned map[string]profile.Pos, err error) {
	p, pins, own := in.Profile, in.Pins, in.Tool
	if pins == nil {
		if pins, err = flake.Builtin(); err != nil {
			return nil, nil, fmt.Errorf("built-in pins: %w", err)
		}
	}
	wanted := map[string]map[string]bool{"": {"nixpkgs": true}}
	channels := map[string]channel{"": {release: releaseOf(p)}}
	var problems profile.Problems
	for _, h := range hosts {
		name := h.channel.name
		if have, known := channels[name]; known && name != "" && !have.same(h.channel) && h.channel.at.Complete() {
			problems = append(problems, h.channel.at.Problem("hosts."+h.profile.Name,
				"two sets of inputs would be called "+name, "their hosts choose different releases or pins",
				"put release and pins into one group that these hosts share"))
		}
		if name != "" {
			channels[name] = h.channel
		}
		if wanted[name] == nil {
			wanted[name] = map[string]bool{}
		}
		maps.Copy(wanted[name], h.inputs)
	}
	if name := in.engine.input(); name != "" {
		wanted[""][name] = true // only the flake itself uses it
	}
	pinned = map[string]profile.Pos{}
	for _, name := range sortedKeys(channels) {
		c := channels[name]
		chosen := profilePins(p, pins, c)
		if c.pins != nil {
			chosen = append(chosen, c.pins.Fields...)
		}
		problems = append(problems, unknownPins(pins, c.release, chosen)...)
		s := source{channel: c, names: inOrder(wanted[name])}
		if s.inputs, err = pins.Inputs(c.release, s.names...); err != nil {
			return nil, nil, err
		}
		for i, in := range s.inputs {
			if in.Name == flake.Tool && own != nil {
				if s.inputs[i], err = in.Repin(*own); err != nil {
					return nil, nil, fmt.Errorf("pin the program's own source: %w", err)
				}
				s.inputs[i].Fixed = false // what flake.lock has stays
			}
			for _, f := range chosen {
				if f.Key != in.Name {
					continue
				}
				if s.inputs[i], err = repin(in, f.Value); err != nil {
					problems = append(problems, f.Name().Problem("pins."+f.Key, "pins."+f.Key+" cannot be used", err.Error(), ""))
				}
				pinned[c.inputName(in.Name)] = f.KeyPos
			}
		}
		out = append(out, s)
	}
	if len(problems) > 0 {
		return nil, nil, problems
	}
	for i, s := range out[1:] {
		out[i+1].inputs = flake.Variant(s.inputs, s.name)
	}
	return out, pinned, nil
}

// inOrder puts nixpkgs first and home-manager second, as people do.
func inOrder(names map[string]bool) []string {
	rank := func(name string) int { return slices.Index([]string{"home-manager", "nixpkgs"}, name) }
	keys := sortedKeys(names)
	slices.SortStableFunc(keys, func(a, b string) int { return rank(b) - rank(a) })
	return keys
}

// profilePins are the pins at the top of the profile that hold for a channel:
// those of nixpkgs and home-manager belong to the profile's own release.
func profilePins(p *profile.Profile, pins flake.Pins, c channel) []profile.Field {
	all := p.Root.Get("pins")
	if all == nil {
		return nil
	}
	var out []profile.Field
	for _, f := range all.Fields {
		if c.release == releaseOf(p) || !pins.OfRelease(f.Key) {
			out = append(out, f)
		}
	}
	return out
}

func unknownPins(pins flake.Pins, release string, chosen []profile.Field) profile.Problems {
	var problems profile.Problems
	known := pins.Names(release)
	for _, f := range chosen {
		if slices.Contains(known, f.Key) {
			continue
		}
		problems = append(problems, f.Name().Problem("pins."+f.Key, fmt.Sprintf("unknown input %q", f.Key),
			"the flake can have "+strings.Join(known, ", "), profile.Meant(profile.Nearest(f.Key, known))))
	}
	return problems
}

// repin pins an input as the profile says.
func repin(in flake.Input, n *profile.Node) (flake.Input, error) {
	in.URL = cmp.Or(n.Get("url").Str(), in.URL)
	var pin flake.Locked
	if err := n.Decode(&pin); err != nil {
		return in, err
	}
	return in.Repin(pin)
}
