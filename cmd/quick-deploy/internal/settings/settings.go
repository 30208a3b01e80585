// Package settings tells which options the text of a Nix module sets, and how
// two texts of one module differ in that, without evaluating anything.
//
// It follows nested attribute sets down to their values and leaves each value
// as the text that stands there. That is exact for what the program writes, which
// is all that it is used for: functions around the set, let, inherit, with and
// conditions in values are read past, but options within them are not looked for.
package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Setting is one option with its value.
type Setting struct {
	// Option is its path; parts that are no plain names are quoted.
	Option string
	// Value is the text of the expression, on one line.
	Value string
	// Line is where it is set, from 1.
	Line int
}

// Read reads the settings of a module, sorted by line. Text that does not have
// the form of a module is an error.
func Read(src []byte) ([]Setting, error) {
	s := &scanner{src: string(src)}
	if err := s.module(); err != nil {
		return nil, fmt.Errorf("line %d: %w", s.line(s.at), err)
	}
	return s.found, nil
}

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
	list, err := Read(src)
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

// oneLine joins the lines of a value.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
