package syntax

import (
	"fmt"
	"maps"
	"slices"
)

// Change is an option whose value differs; Before or After is "" where it is not set.
type Change struct {
	Option string `json:"option"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Diff lists what differs between two texts of a module, nil for one that is
// not there, by option.
func Diff(old, new []byte) ([]Change, error) {
	was, err := values(old)
	if err != nil {
		return nil, fmt.Errorf("before: %w", err)
	}
	is, err := values(new)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	all := map[string]string{}
	maps.Copy(all, was)
	maps.Copy(all, is)
	var out []Change
	for _, option := range slices.Sorted(maps.Keys(all)) {
		if was[option] != is[option] {
			out = append(out, Change{option, was[option], is[option]})
		}
	}
	return out, nil
}

func values(src []byte) (map[string]string, error) {
	if src == nil {
		return nil, nil
	}
	list, err := Settings(string(src), false)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(list))
	for _, s := range list {
		if s.Option != "imports" {
			out[s.Option] = s.Value
		}
	}
	return out, nil
}
