package nix

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// FromValue makes an expression of plain data: nil, bool, integers, floats,
// strings, slices and maps of these, and expressions themselves. Keys are
// sorted. It refuses what Nix cannot hold: NUL characters and invalid UTF-8,
// NaN, infinities and denormal numbers, integers beyond 64 bits signed. The sign
// of a negative zero is lost.
func FromValue(v any) (Expr, error) {
	return fromValue(v, nil)
}

func fromValue(v any, at []string) (Expr, error) {
	switch v := v.(type) {
	case nil:
		return Null{}, nil
	case Expr:
		return v, nil
	case bool:
		return Bool(v), nil
	case int:
		return Int(v), nil
	case int64:
		return Int(v), nil
	case uint64:
		if v > math.MaxInt64 {
			return nil, valueError(at, fmt.Errorf("%d is beyond the integers of Nix, which end at %d", v,
				math.MaxInt64))
		}
		return Int(v), nil
	case float64:
		if err := checkFloat(v); err != nil {
			return nil, valueError(at, err)
		}
		return Float(v), nil
	case string:
		if err := checkText(v); err != nil {
			return nil, valueError(at, err)
		}
		if strings.IndexByte(v, '\n') >= 0 {
			return Text(v), nil
		}
		return Str(v), nil
	case []any:
		list := make(List, len(v))
		for i, v := range v {
			e, err := fromValue(v, append(at[:len(at):len(at)], strconv.Itoa(i)))
			if err != nil {
				return nil, err
			}
			list[i] = e
		}
		return list, nil
	case []string:
		list := make(List, len(v))
		for i, v := range v {
			e, err := fromValue(v, append(at[:len(at):len(at)], strconv.Itoa(i)))
			if err != nil {
				return nil, err
			}
			list[i] = e
		}
		return list, nil
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		set := Attrs{Body: make([]Binding, 0, len(v))}
		for _, k := range keys {
			inner := append(at[:len(at):len(at)], k)
			if err := checkText(k); err != nil {
				return nil, valueError(inner, fmt.Errorf("its name: %w", err))
			}
			e, err := fromValue(v[k], inner)
			if err != nil {
				return nil, err
			}
			set.Body = append(set.Body, Binding{Path: []string{k}, Value: e})
		}
		return set, nil
	}
	return nil, valueError(at, fmt.Errorf("no counterpart of %T in Nix", v))
}

func valueError(at []string, err error) error {
	if len(at) == 0 {
		return err
	}
	return fmt.Errorf("%s: %w", FormatAttrPath(at), err)
}
