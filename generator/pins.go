package generator

import (
	"cmp"
	"fmt"
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
	own, pins := h.profile.Node.Get("release"), h.profile.Node.Get("pins")
	h.channel = channel{release: cmp.Or(own.Str(), releaseOf(h.in.Profile)), pins: pins, at: cmp.Or(own, pins)}
	h.summary.Release = h.channel.release
	if len(pins.Entries()) == 0 && h.channel.release == releaseOf(h.in.Profile) {
		return nil
	}
	var names []string
	for _, key := range []string{"release", "pins"} {
		if h.profile.Node.Get(key) == nil {
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

// inputName is what the flake calls an input of the host.
func (h *host) inputName(name string) string {
	if h.channel.name == "" {
		return name
	}
	return flake.VariantName(name, h.channel.name)
}

// same reports whether two channels of one name are one.
func (c channel) same(d channel) bool {
	return c.release == d.release && reflect.DeepEqual(c.pins.Any(), d.pins.Any())
}

// source is the inputs of one channel. Renamed maps the names that modules
// use to those that the flake has.
type source struct {
	channel
	inputs  []flake.Input
	renamed map[string]string
	// pinned are the places of the profile's pins, by the flake's names.
	pinned map[string]profile.Pos
}

// sources are the inputs of the flake: those of the profile first, then those
// of each channel by name. Extra are inputs that only the flake itself uses.
func sources(in Input, hosts []*host, extra []string) ([]source, error) {
	p, pins := in.Profile, in.Pins
	if pins == nil {
		var err error
		if pins, err = flake.Builtin(); err != nil {
			return nil, fmt.Errorf("built-in pins: %w", err)
		}
	}
	wanted := map[string]map[string]bool{"": {"nixpkgs": true}}
	channels := map[string]channel{"": {release: releaseOf(p)}}
	var problems profile.Problems
	for _, h := range hosts {
		name := h.channel.name
		if have, known := channels[name]; known && name != "" && !have.same(h.channel) {
			problems = append(problems, profile.Problem{
				Pos: h.channel.at.Pos, Path: "hosts." + h.profile.Name,
				What: "two sets of inputs would be called " + name,
				Why:  "their hosts choose different releases or pins",
				Hint: "put release and pins into one group that these hosts share",
			})
		}
		if name != "" {
			channels[name] = h.channel
		}
		if wanted[name] == nil {
			wanted[name] = map[string]bool{"nixpkgs": true}
		}
		if h.hasHome() {
			wanted[name]["home-manager"] = true
		}
		for input := range h.inputs {
			wanted[name][input] = true
		}
	}
	for _, name := range extra {
		wanted[""][name] = true
	}
	if len(problems) > 0 {
		return nil, problems
	}
	var out []source
	for _, name := range sortedKeys(channels) {
		c := channels[name]
		chosen := append(profilePins(p, pins, c), c.pins.Entries()...)
		problems = append(problems, unknownPins(pins, c.release, chosen)...)
		inputs, err := pins.Inputs(c.release, inOrder(wanted[name])...)
		if err != nil {
			return nil, err
		}
		places := map[string]profile.Pos{}
		for i, in := range inputs {
			for _, f := range chosen {
				if f.Key != in.Name {
					continue
				}
				pinned, err := repin(in, f.Value)
				if err != nil {
					problems = append(problems, profile.Problem{
						Pos: f.KeyPos, Path: "pins." + f.Key,
						What: "pins." + f.Key + " cannot be used", Why: err.Error(),
					})
					continue
				}
				inputs[i], places[in.Name] = pinned, f.KeyPos
			}
		}
		s := source{channel: c, inputs: inputs, pinned: places}
		if name != "" {
			s.inputs = flake.Variant(inputs, name)
			s.renamed, s.pinned = map[string]string{}, map[string]profile.Pos{}
			for i, in := range inputs {
				s.renamed[in.Name] = s.inputs[i].Name
				if pos, ok := places[in.Name]; ok {
					s.pinned[s.inputs[i].Name] = pos
				}
			}
		}
		out = append(out, s)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
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
	var out []profile.Field
	for _, f := range p.Root.Get("pins").Entries() {
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
		problem := profile.Problem{
			Pos: f.KeyPos, Path: "pins." + f.Key, What: fmt.Sprintf("there is no input %q", f.Key),
			Why: "the flake can have " + strings.Join(known, ", "),
		}
		if near := profile.Nearest(f.Key, known); near != "" {
			problem.Hint = fmt.Sprintf("did you mean %s?", near)
		}
		problems = append(problems, problem)
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
