package profile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestInParts changes a large profile at random, and reads it in parts and in one piece: what is in it, where it
// stands and what is wrong with it must be the same.
func TestInParts(t *testing.T) {
	s := testSchema(t)
	base := "version: 1\ndefaults: {tags: [all]}\nhosts: {web-00001: {packages: [jq]}, more: }\n"
	lines := strings.SplitAfter(string(fleetYAML(laterFrom+6)), "\n")
	pieces := []string{
		"\n", "# x\n", "  # x\n", "   x: 1\n", " x: 1\n", "  x:\n", "  x: {}\n", "  x: ~\n", "  x: 1\n", "  web-00003: {}\n", "  web-00003:\n",
		"  WEB-00004: {}\n", "    groups: [web, none]\n", "    name: y\n", "    name: web-00005\n", "\"", "'", "{", "}", "[", "|", "|+\n", ">\n",
		"&a ", "*a ", "!!str ", "? ", "- ", "---\n", "...\n", "hosts:\n", "  hosts:\n", "fleet: {}\n", "\t", ": ", "\x00", "é",
		"    +packages: 1\n", "    system: ~\n", "    nonsense: 1\n", "    services: {nginx: false, none: {}}\n", "    locale: \"a\n  web-x: b\"\n", "%YAML 1.2\n",
	}
	inParts := 0
	rapid.Check(t, func(t *rapid.T) {
		text := append([]string(nil), lines...)
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			at := rapid.IntRange(0, len(text)-1).Draw(t, "line")
			piece := rapid.SampledFrom(pieces).Draw(t, "piece")
			switch rapid.IntRange(0, 3).Draw(t, "change") {
			case 0:
				text[at] = piece + text[at]
			case 1:
				column := rapid.IntRange(0, len(text[at])).Draw(t, "column")
				text[at] = text[at][:column] + piece + text[at][column:]
			case 2:
				text[at] = piece
			case 3:
				text[at] = ""
			}
		}
		src := Memory{"base.yaml": base, "p.yaml": "extends: [base.yaml]\n" + strings.Join(text, "")}
		got, ok, gotErr := (&Reader{Schema: s}).loadFrom(src, "p.yaml", true, nil)
		want, _, wantErr := (&Reader{Schema: s}).loadFrom(src, "p.yaml", false, nil)
		if !ok {
			return
		}
		if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
			t.Fatalf("in parts: %v\nin one piece: %v", gotErr, wantErr)
		}
		if wantErr != nil {
			return
		}
		if diff := cmp.Diff(got.b.names, want.b.names); diff != "" {
			t.Fatal(diff)
		}
		for i, h := range want.Hosts {
			if got.Hosts[i].node == nil {
				inParts++
			}
			if diff := cmp.Diff(described(want, h), described(got, got.Hosts[i])); diff != "" {
				t.Fatalf("host %s, one piece and in parts:\n%s", h.Name, diff)
			}
		}
	})
	if inParts < laterFrom {
		t.Errorf("only %d hosts were read in parts", inParts)
	}
}

// described is all that p says of a host, a line a value.
func described(p *Profile, h *Host) []string {
	out := []string{fmt.Sprint(h.Groups, h.Tags)}
	var describe func(n *Node)
	describe = func(n *Node) {
		out = append(out, fmt.Sprint(n.Pointer, n.Pos, n.Kind, n.Scalar, n.width, n.span, n.fresh, n.off, n.bad))
		for _, f := range n.Fields {
			out = append(out, fmt.Sprint(f.Key, f.KeyPos, f.add, f.span))
			describe(f.Value)
		}
		for _, item := range n.Items {
			describe(item)
		}
	}
	describe(h.Node())
	for _, l := range p.b.layers(h) {
		out = append(out, fmt.Sprint(l.label, l.key))
		describe(l.patch)
	}
	return out
}
