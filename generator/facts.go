package generator

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// NamedFacts are the facts of the machines whose facts the profile names by a file. A host whose file cannot be read
// has none, and is among the problems.
func NamedFacts(p *profile.Profile, files profile.Source) (facts map[string]hardware.Facts, unread profile.Problems) {
	facts = map[string]hardware.Facts{}
	for _, h := range p.Hosts {
		n := h.Facts
		if n == nil {
			continue
		}
		hint := ""
		data, err := readBeside(n, files)
		if err != nil {
			hint = "write it on that machine with: quick-deploy probe --json > " + n.Str()
		} else {
			facts[h.Name], err = hardware.Read(bytes.NewReader(data))
		}
		if err != nil {
			delete(facts, h.Name)
			unread = append(unread,
				n.Problem("hosts."+h.Name+".hardware.facts", "hardware.facts cannot be read", err.Error(), hint))
		}
	}
	return facts, unread
}

// readBeside reads the file that n names, relative to the file that n is in.
func readBeside(n *profile.Node, files profile.Source) ([]byte, error) {
	name, err := profile.Resolve(n.Pos.File, n.Str())
	if err != nil {
		return nil, err
	}
	return files.ReadFile(name)
}

// Warnings puts the notices that Input.Warn got into the order of their places. Hosts that inherit a name have it once.
func Warnings(notices []Notice) []Notice {
	out := slices.SortedFunc(slices.Values(notices), func(a, b Notice) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Host, b.Host))
	})
	return slices.CompactFunc(out, func(a, b Notice) bool { return a.Pos == b.Pos && a.Text == b.Text })
}
