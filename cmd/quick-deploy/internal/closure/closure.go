// Package closure reads how two systems differ: what "nix store diff-closures"
// says about their packages, what switch-to-configuration says about their
// units, and what of the one that was booted a reboot would replace.
package closure

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Kind says what happened to a package.
type Kind string

// The kinds.
const (
	Added      Kind = "added"
	Removed    Kind = "removed"
	Upgraded   Kind = "upgraded"
	Downgraded Kind = "downgraded"
	Changed    Kind = "changed" // the versions are the same, or cannot be ordered
)

// Package is a package that differs.
type Package struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Before and After are its versions, empty where there is none; a package
	// without a version has the version "".
	Before []string `json:"before"`
	After  []string `json:"after"`
	// Bytes is how much larger it became, as exactly as Nix tells it; Nix
	// leaves out what is less than 8 KiB.
	Bytes int64 `json:"bytes"`
}

// Diff is what differs between two closures, by name.
type Diff struct {
	Packages []Package `json:"packages"`
	Bytes    int64     `json:"bytes"`
}

// Count returns the number of packages of one of the kinds.
func (d Diff) Count(kinds ...Kind) int {
	n := 0
	for _, p := range d.Packages {
		if slices.Contains(kinds, p.Kind) {
			n++
		}
	}
	return n
}

var size = lazyregexp.New(`^(.*?)(?:^|, )([+-]?\d+(?:\.\d+)?) (B|KiB|MiB|GiB|TiB)$`)

var units = map[string]float64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}

// Command lists what differs between two closures.
func Command(old, new string) run.Command {
	return run.Command{
		Name: "nix", Args: append(append([]string{"store", "diff-closures"}, run.Flakes...), old, new),
		Timeout: 2 * time.Minute,
	}
}

// Parse reads the output of Command, of Nix 2.4 to 2.34:
// "name: 1.0 → 1.1, +12.3 KiB", where ∅ is no version, ε an empty one, and
// either part may be missing. A line that does not look like that is left out.
func Parse(out string) Diff {
	d := Diff{Packages: []Package{}}
	for line := range strings.Lines(term.Strip(out)) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		p := Package{Name: name, Kind: Changed, Before: []string{}, After: []string{}}
		sized := false
		if m := size.FindStringSubmatch(rest); m != nil {
			n, _ := strconv.ParseFloat(m[2], 64) // the pattern lets nothing else through
			p.Bytes, rest, sized = int64(n*units[m[3]]), m[1], true
		}
		before, after, ok := strings.Cut(rest, " → ")
		if !ok && (rest != "" || !sized) {
			continue
		}
		if ok {
			p.Before, p.After = versions(before), versions(after)
			p.Kind = kind(p.Before, p.After)
		}
		d.Packages = append(d.Packages, p)
		d.Bytes += p.Bytes
	}
	slices.SortStableFunc(d.Packages, func(a, b Package) int { return cmp.Compare(a.Name, b.Name) })
	return d
}

func versions(list string) []string {
	out := []string{}
	for v := range strings.SplitSeq(strings.TrimSpace(list), ", ") {
		switch v {
		case "∅":
		case "ε":
			out = append(out, "")
		default:
			out = append(out, v)
		}
	}
	return out
}

func kind(before, after []string) Kind {
	switch {
	case len(before) == 0:
		return Added
	case len(after) == 0:
		return Removed
	}
	switch CompareVersions(newest(before), newest(after)) {
	case -1:
		return Upgraded
	case 1:
		return Downgraded
	}
	return Changed
}

// newest returns the greatest version; 2.45-doc, an output of its own, is 2.45.
func newest(list []string) string {
	best := ""
	for _, v := range list {
		if i := strings.IndexByte(v, '-'); i > 0 && i+1 < len(v) && !digit(v[i+1]) {
			v = v[:i]
		}
		if CompareVersions(v, best) > 0 {
			best = v
		}
	}
	return best
}

// CompareVersions orders versions as builtins.CompareVersions does: split at
// dots, hyphens and between digits and letters; numbers by value, "pre" before
// everything, letters before numbers.
func CompareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = component(a)
		y, b = component(b)
		if c := compareComponents(x, y); c != 0 {
			return c
		}
	}
	return 0
}

func component(s string) (first, rest string) {
	s = strings.TrimLeft(s, ".-")
	if s == "" {
		return "", ""
	}
	n := 1
	for n < len(s) && s[n] != '.' && s[n] != '-' && digit(s[n]) == digit(s[0]) {
		n++
	}
	return s[:n], s[n:]
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func compareComponents(x, y string) int {
	classX, numberX := class(x)
	classY, numberY := class(y)
	if c := cmp.Or(cmp.Compare(classX, classY), cmp.Compare(numberX, numberY)); c != 0 || classX == numeric {
		return c
	}
	return cmp.Compare(x, y)
}

// The classes of components, in their order; none at all is a text.
const (
	before = iota // "pre"
	text
	numeric
)

func class(component string) (class int, number uint64) {
	if n, err := strconv.ParseUint(component, 10, 64); err == nil {
		return numeric, n
	}
	if component == "pre" {
		return before, 0
	}
	return text, 0
}
