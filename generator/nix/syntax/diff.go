package syntax

import (
	"cmp"
	"fmt"
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
	var out []Change
	for option, before := range was {
		if after := is[option]; after != before {
			out = append(out, Change{option, before, after})
		}
	}
	for option, after := range is {
		if _, ok := was[option]; !ok {
			out = append(out, Change{Option: option, After: after})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Compare(a.Option, b.Option) })
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
