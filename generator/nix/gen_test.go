package nix

import (
	"math"
	"strings"

	"pgregory.net/rapid"
)

// Generators of expressions for the property tests.

var (
	genIdent = rapid.SampledFrom([]string{"a", "b", "cfg", "config", "lib", "pkgs", "self", "x'", "services", "enable", "a-b", "virtualisation", "systemPackages"})
	genName  = rapid.OneOf(genIdent, genIdent, genIdent, rapid.SampledFrom([]string{"", "a.b", "with", "or", "ü", "www.example.org", "${x}", "1a", `"`, "/", "-", "\n"}))
	genWord  = rapid.StringOfN(rapid.RuneFrom([]rune("abcdefghijklmnopqrstuvwxyz ./-_$'\"\\{}ü")), 0, 40, -1)
	genLine  = rapid.OneOf(genWord, genWord, rapid.StringOfN(rapid.RuneFrom([]rune(" '$\\{}\"ab\t")), 0, 12, -1))
	genText  = rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(genLine, 1, 5).Draw(t, "lines"), "\n")
	})
	genPath = rapid.SampledFrom([]string{"./a.nix", "../b", "./hosts/atlas/local.nix", "/etc/x", "./a b", "./."})
)

// genExpr makes expressions of at most the given depth.
func genExpr(depth int) *rapid.Generator[Expr] {
	return rapid.Custom(func(t *rapid.T) Expr { return drawExpr(t, depth) })
}

func drawExpr(t *rapid.T, depth int) Expr {
	leaves := 10
	kind := rapid.IntRange(0, leaves+20).Draw(t, "kind")
	if depth == 0 {
		kind %= leaves
	}
	sub := func() Expr { return drawExpr(t, depth-1) }
	subs := func(lo, hi int) []Expr { return rapid.SliceOfN(genExpr(depth-1), lo, hi).Draw(t, "subs") }
	switch kind {
	case 0, 1:
		return Str(genWord.Draw(t, "str"))
	case 2:
		return Int(rapid.OneOf(rapid.Int64Range(-5, 1000), rapid.Just[int64](math.MinInt64)).Draw(t, "int"))
	case 3:
		return Float(rapid.Float64Range(-100, 1e9).Filter(func(f float64) bool { return checkFloat(f) == nil }).Draw(t, "float"))
	case 4:
		return Bool(rapid.Bool().Draw(t, "bool"))
	case 5:
		return rapid.SampledFrom([]Expr{Null{}, List{}, Attrs{}}).Draw(t, "empty")
	case 6:
		return Path(genPath.Draw(t, "path"))
	case 7, 8:
		return genRef(t)
	case 9:
		return Text(genText.Draw(t, "text"))
	case 10, 11, 12:
		l := List(subs(0, 7))
		for i := range l {
			if rapid.IntRange(0, 9).Draw(t, "item") == 0 {
				l[i] = Item{Value: l[i], Comment: genComment(t)}
			}
		}
		return l
	case 13:
		var p Interp
		for _, e := range subs(1, 3) {
			p = append(p, Str(genWord.Draw(t, "part")), e)
		}
		return p[rapid.IntRange(0, 1).Draw(t, "lead"):]
	case 14, 15, 16:
		return drawAttrs(t, depth)
	case 17, 18, 19, 20, 21:
		return Call{rapid.OneOf(rapid.Custom(genRef), rapid.Custom(genRef), rapid.Custom(genRef), genExpr(depth-1)).Draw(t, "fn"), subs(1, 4)}
	case 22:
		return Func{Arg: genIdent.Draw(t, "arg"), Body: sub()}
	case 23:
		f := Func{Params: rapid.SliceOfNDistinct(genIdent, 0, 4, rapid.ID).Draw(t, "params"), Open: rapid.Bool().Draw(t, "open"), Body: sub()}
		if rapid.Bool().Draw(t, "named") {
			f.As = "inputs"
		}
		return f
	case 24:
		return Let{drawBindings(t, depth, 1), sub()}
	case 25:
		return If{sub(), sub(), sub()}
	case 26:
		return Not{sub()}
	case 27:
		s := Select{Of: sub(), Attr: []Expr{Str(genName.Draw(t, "name"))}}
		switch view(s.Of).(type) {
		case Bool, Null, Path, Int, Float:
			s.Of = genRef(t)
		}
		if rapid.Bool().Draw(t, "dynamic") {
			s.Attr = append(s.Attr, sub())
		}
		if rapid.Bool().Draw(t, "or") {
			s.Or = sub()
		}
		return s
	default:
		op := rapid.SampledFrom([]string{"++", "//", "+", "-", "*", "/", "==", "!=", "<", ">=", "&&", "||", "->", "++", "//", "+"}).Draw(t, "op")
		return Op{op, sub(), sub()}
	}
}

func genRef(t *rapid.T) Expr {
	r := Ref{genIdent.Draw(t, "var")}
	return append(r, rapid.SliceOfN(genName, 0, 3).Draw(t, "names")...)
}

func genComment(t *rapid.T) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("ab \n#'*/\r\t")), 0, 60, -1).Draw(t, "comment")
}

func drawAttrs(t *rapid.T, depth int) Expr {
	return Attrs{Rec: rapid.IntRange(0, 9).Draw(t, "rec") == 0, Body: drawBindings(t, depth, 0)}
}

func drawBindings(t *rapid.T, depth, least int) []Binding {
	n := rapid.IntRange(least, 4).Draw(t, "n")
	var bs []Binding
	taken := map[string]bool{}
	for i := range n {
		var b Binding
		switch rapid.IntRange(0, 9).Draw(t, "binding") {
		case 0:
			b.Inherit = drawNames(t, genIdent, taken)
		case 1:
			b.Inherit = drawNames(t, genName, taken)
			b.From = drawExpr(t, depth-1)
		default:
			b.Path = append([]string{"k" + string(rune('a'+i))}, rapid.SliceOfN(genName, 0, 5).Draw(t, "path")...)
			b.Value = drawExpr(t, depth-1)
		}
		if b.Value == nil && len(b.Inherit) == 0 {
			continue
		}
		b.Blank = rapid.IntRange(0, 5).Draw(t, "blank") == 0
		if rapid.IntRange(0, 6).Draw(t, "commented") == 0 {
			b.Comment = genComment(t)
		}
		bs = append(bs, b)
	}
	return bs
}

// drawNames draws names that are not taken yet; possibly none.
func drawNames(t *rapid.T, g *rapid.Generator[string], taken map[string]bool) []string {
	var names []string
	for _, n := range rapid.SliceOfN(g, 1, 5).Draw(t, "inherit") {
		if !taken[n] {
			taken[n] = true
			names = append(names, n)
		}
	}
	return names
}
