package nix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// genString makes any string that Nix can hold, with a liking for what has a
// meaning in Nix.
var genString = rapid.OneOf(
	rapid.StringOf(rapid.RuneFrom([]rune("$${{}}'''\"\\\\\n\r\t ab#/*-"))),
	rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != 0 })),
	rapid.StringOf(rapid.RuneFrom([]rune("\x01\x07\x08\x0b\x0c\x1b\x1f\x7f\u0085\u00a0\u2028\u2029\ufeff\ufffd\uffff\U0010ffff"))),
	rapid.StringOf(rapid.SampledFrom([]rune("ab \n"))),
	rapid.SampledFrom([]string{
		`${builtins.abort "x"}`, "$${x}", "$", "$$", `\${x}`, "''${x}", "'", "''", "'''", "''\\n", "a\n''", "a\n'${x}\n", "a\n'", "a\n$",
		" a\n  b\n", "a\n  b\n", "\na\n", "\n", "\n\n", "a\r\nb\r\n", "\ta\nb", "a \nb", `\x41\u0041\n`, "a\n\\\n", "a\n$''{\n", "http://x.y/z", "~/x", "<nixpkgs>",
	}),
)

var genKey = rapid.OneOf(genString, rapid.SampledFrom([]string{"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with", "", "1", "-", "a'", "__x"}))

func genValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 9
		if depth == 0 {
			kinds = 6
		}
		switch rapid.IntRange(0, kinds).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, -1, 0, math.MaxInt64})).Draw(t, "int")
		case 3:
			return rapid.OneOf(rapid.Float64().Filter(func(f float64) bool { return checkFloat(f) == nil }), rapid.SampledFrom([]float64{0, 1, -1, 1e3, 1e21, 1e300, 0x1p-1022, math.MaxFloat64, 0.1})).Draw(t, "float")
		case 7, 8:
			return rapid.SliceOfN(genValue(depth-1), 0, 4).Draw(t, "list")
		case 9:
			return rapid.MapOfN(genKey, genValue(depth-1), 0, 4).Draw(t, "map")
		}
		return genString.Draw(t, "string")
	})
}

// TestEvaluatorReadsBack: a value printed and evaluated is that value again.
func TestEvaluatorReadsBack(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		rapid.Check(t, func(rt *rapid.T) {
			values := rapid.SliceOfN(genValue(3), 1, 80).Draw(rt, "values")
			e, err := FromValue(values)
			if err != nil {
				rt.Fatal(err)
			}
			source, err := Print(e)
			if err != nil {
				rt.Fatal(err)
			}
			out, err := env.TryEval(t.Context(), string(source))
			if err != nil {
				rt.Fatalf("%v\nin\n%s", err, source)
			}
			var got any
			dec := json.NewDecoder(bytes.NewReader(out))
			dec.UseNumber()
			if err := dec.Decode(&got); err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(asJSON(values), asJSON(got)); diff != "" {
				rt.Fatalf("-want +got:\n%s\nprinted:\n%s", diff, source)
			}
		})
	})
}

// asJSON makes values comparable: numbers by value, integers exactly.
func asJSON(v any) any {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return fmt.Sprintf("float %v", v+0) // -0 + 0 is 0
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			return v.String()
		}
		f, err := v.Float64()
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("float %v", f+0)
	case []any:
		out := make([]any, len(v))
		for i, v := range v {
			out[i] = asJSON(v)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, v := range v {
			out[k] = asJSON(v)
		}
		return out
	}
	return v
}

func TestFromValue(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  string
	}{
		{nil, "null\n"},
		{true, "true\n"},
		{7, "7\n"},
		{int64(-7), "-7\n"},
		{uint64(math.MaxInt64), "9223372036854775807\n"},
		{int64(math.MinInt64), "-9223372036854775807 - 1\n"},
		{[]any{int64(math.MinInt64), -1, -0.5}, "[\n  (-9223372036854775807 - 1)\n  (-1)\n  (-0.5)\n]\n"},
		{1e3, "1000.0\n"},
		{1e21, "1000000000000000000000.0\n"},
		{0.25, "0.25\n"},
		{math.Copysign(0, -1), "0.0\n"},
		{"a", "\"a\"\n"},
		{"a\nb\n", "''\n  a\n  b\n''\n"},
		{[]string{"b", "a"}, "[\n  \"b\"\n  \"a\"\n]\n"},
		{map[string]any{"b": 1, "a.c": []any{}, "a": map[string]any{}}, "{\n  a = { };\n  \"a.c\" = [ ];\n  b = 1;\n}\n"},
		{map[string]any{"x": Ref{"lib", "types"}}, "{\n  x = lib.types;\n}\n"},
	} {
		e, err := FromValue(tt.value)
		if err != nil {
			t.Errorf("%v: %v", tt.value, err)
			continue
		}
		got, err := Print(e)
		if err != nil || string(got) != tt.want {
			t.Errorf("%v: got %s, %v, want %s", tt.value, got, err, tt.want)
		}
	}
}

func TestFromValueRefuses(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  string
	}{
		{"a\x00b", "NUL"},
		{"a\xffb", "UTF-8"},
		{map[string]any{"a": map[string]any{"b\x00": 1}}, `a."b` + "\x00" + `": its name: a NUL`},
		{map[string]any{"a": []any{1, "\xff"}}, `a."1": not valid UTF-8`},
		{[]string{"\x00"}, `"0": a NUL`},
		{math.NaN(), "NaN"},
		{math.Inf(-1), "-Inf"},
		{0x1p-1023, "too close to zero"},
		{uint64(math.MaxInt64) + 1, "9223372036854775808 is beyond"},
		{struct{}{}, "struct"},
		{map[any]any{}, "no counterpart"},
	} {
		_, err := FromValue(tt.value)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%#v: got %v, want an error with %q", tt.value, err, tt.want)
		}
	}
}
