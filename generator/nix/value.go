package nix

import (
	"fmt"
	"maps"
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
	c := &converter{}
	e := c.expr(v)
	if c.err != nil {
		return nil, c.err
	}
	return e, nil
}

// converter holds where in a value it is, and the first error.
type converter struct {
	at  []string
	err error
}

func (c *converter) fail(err error) {
	switch {
	case err == nil || c.err != nil:
	case len(c.at) == 0:
		c.err = err
	default:
		c.err = fmt.Errorf("%s: %w", FormatAttrPath(c.at), err)
	}
}

func (c *converter) expr(v any) Expr {
	switch v := v.(type) {
	case nil:
		return Null{}
	case Expr:
		return v
	case bool:
		return Bool(v)
	case int:
		return Int(v)
	case int64:
		return Int(v)
	case uint64:
		if v > math.MaxInt64 {
			c.fail(fmt.Errorf("%d is beyond the integers of Nix, which end at %d", v, math.MaxInt64))
		}
		return Int(v)
	case float64:
		c.fail(checkFloat(v))
		return Float(v)
	case string:
		c.fail(checkText(v))
		if strings.Contains(v, "\n") {
			return Text(v)
		}
		return Str(v)
	case []any:
		return list(c, v)
	case []string:
		return list(c, v)
	case map[string]any:
		set := Attrs{Body: make([]Binding, 0, len(v))}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			set.Body = append(set.Body, Binding{Path: []string{k}, Value: c.below(k, v[k])})
		}
		return set
	}
	c.fail(fmt.Errorf("no counterpart of %T in Nix", v))
	return nil
}

func list[T any](c *converter, values []T) List {
	out := make(List, len(values))
	for i, v := range values {
		out[i] = c.below(strconv.Itoa(i), v)
	}
	return out
}

// below converts what is at a name or an index of the value at hand.
func (c *converter) below(name string, v any) Expr {
	c.at = append(c.at, name)
	defer func() { c.at = c.at[:len(c.at)-1] }()
	if err := checkText(name); err != nil {
		c.fail(fmt.Errorf("its name: %w", err))
	}
	return c.expr(v)
}
