package generator

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// join brings together the assignments of each option: lists are appended
// without repeating an item, unless they are the words of a command line; equal
// values count once, and different values are a problem that names both places.
func join(as []mapping.Assignment) ([]nix.Binding, error) {
	byPath := map[string]int{}
	var out []nix.Binding
	var nodes []*profile.Node
	var problems profile.Problems
	for _, a := range as {
		key := strings.Join(a.Path, "\x00")
		i, seen := byPath[key]
		if !seen {
			byPath[key] = len(out)
			out = append(out, nix.Binding{Path: a.Path, Value: a.Value, Origin: a.Origin})
			nodes = append(nodes, a.Node)
			continue
		}
		merged, ok := merge(out[i].Value, a.Value)
		if !ok {
			problems = append(problems, conflict(a, nodes[i]))
			continue
		}
		out[i].Value = merged
	}
	problems = append(problems, nested(out, nodes)...)
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
}

// nested finds options of which one lies inside the other's value.
func nested(bs []nix.Binding, nodes []*profile.Node) profile.Problems {
	order := make([]int, len(bs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return slices.Compare(bs[a].Path, bs[b].Path) })
	var problems profile.Problems
	for k := 1; k < len(order); k++ {
		outer, inner := order[k-1], order[k]
		n := len(bs[outer].Path)
		if len(bs[inner].Path) > n && slices.Equal(bs[inner].Path[:n], bs[outer].Path) {
			problems = append(problems, conflict(mapping.Assignment{Path: bs[inner].Path, Node: nodes[inner]},
				nodes[outer]))
		}
	}
	return problems
}

func conflict(a mapping.Assignment, first *profile.Node) profile.Problem {
	option := strings.Join(a.Path, ".")
	why := "another part of the profile gives it a different value"
	if first != nil && first.Pos.File != "" {
		why = fmt.Sprintf("%s:%d:%d gives it a different value", first.Pos.File, first.Pos.Line, first.Pos.Column)
	}
	return a.Node.Problem(option, "option "+option+" is set twice", why, "keep one of the two")
}

func merge(a, b nix.Expr) (nix.Expr, bool) {
	la, okA := a.(nix.List)
	lb, okB := b.(nix.List)
	if okA && okB {
		if commandLine(la) || commandLine(lb) {
			return slices.Concat(la, lb), true
		}
		return appendMissing(slices.Clone(la), lb), true
	}
	return a, reflect.DeepEqual(a, b)
}

// commandLine reports whether a list holds flags. What follows a flag belongs to
// it: in --ctx-size 8192 --batch-size 8192 neither 8192 is a repetition.
func commandLine(list nix.List) bool {
	return slices.ContainsFunc(list, func(e nix.Expr) bool {
		text, ok := bare(e).(nix.Str)
		return ok && strings.HasPrefix(string(text), "-")
	})
}

func appendMissing(list, more nix.List) nix.List {
	for _, item := range more {
		if !slices.ContainsFunc(list, func(have nix.Expr) bool { return reflect.DeepEqual(bare(have), bare(item)) }) {
			list = append(list, item)
		}
	}
	return list
}

// bare is a list item without its comment and origin.
func bare(e nix.Expr) nix.Expr {
	if i, ok := e.(nix.Item); ok {
		return i.Value
	}
	return e
}

// sections is the order in which people write the parts of a configuration.
var sections = []string{
	"imports", "disabledModules", "boot", "fileSystems", "swapDevices", "zramSwap", "hardware", "networking", "time",
	"i18n", "console", "home", "nix", "nixpkgs", "sops", "users", "security", "services", "programs",
	"virtualisation", "environment", "fonts", "xdg", "systemd",
}

func compareOptions(a, b []string) int {
	return cmp.Or(cmp.Compare(section(a[0]), section(b[0])), slices.Compare(a, b))
}

func section(name string) int {
	if name == "system" {
		return len(sections) + 1
	}
	if i := slices.Index(sections, name); i >= 0 {
		return i
	}
	return len(sections)
}
