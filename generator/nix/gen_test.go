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
	genOrigin = rapid.SampledFrom([]string{"", "profile.yaml#/a", "profile.yaml#/b"})
	genPath   = rapid.SampledFrom([]string{"./a.nix", "../b", "./hosts/atlas/local.nix", "/etc/x", "./a b", "./."})
)

// genExpr makes expressions of at most the given depth.
func genExpr(depth int) *rapid.Generator[Expr] {
	return rapid.Custom(func(t *rapid.T) Expr { return drawExpr(t, depth) })
}

func drawExpr(t *rapid.T, depth int) Expr {
	leaves := 14
	kind := rapid.IntRange(0, leaves+16).Draw(t, "kind")
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
	case 10:
		return Not{genRef(t)}
	case 11:
		return Op{rapid.SampledFrom([]string{"+", "-"}).Draw(t, "op"), genRef(t), Str(genWord.Draw(t, "right"))}
	case 12, 13:
		var p Interp
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			p = append(p, Str(genWord.Draw(t, "part")), Ref{genIdent.Draw(t, "var"), genIdent.Draw(t, "name")})
		}
		return p[rapid.IntRange(0, 1).Draw(t, "lead"):]
	case 14, 15, 16, 17:
		l := List(subs(0, 7))
		for i := range l {
			if rapid.IntRange(0, 9).Draw(t, "item") == 0 {
				l[i] = Item{Value: l[i], Comment: genComment(t), Origin: genOrigin.Draw(t, "origin")}
			}
		}
		return l
	case 18, 19, 20, 21:
		return drawAttrs(t, depth)
	case 22:
		return Item{Value: drawCall(t, sub)}
	default:
		return drawCall(t, sub)
	}
}

// drawCall makes a call as the generator has them: an argument that may be broken, and before it some that are short.
func drawCall(t *rapid.T, sub func() Expr) Expr {
	env := Call{Ref{"pkgs", "python3", "withPackages"}, []Expr{Func{Arg: "ps", Body: List{Ref{"ps", "a"}, Ref{"ps", "b"}}}}}
	last := sub()
	for isCall := true; isCall; { // but for the environment of Python, no call is an argument
		switch c := view(last).(type) {
		case Call:
			last = c.Args[len(c.Args)-1]
		case Func:
			last = c.Body
		default:
			isCall = false
		}
	}
	switch rapid.IntRange(0, 5).Draw(t, "call") {
	case 0:
		return Call{Ref{"lib", "mkOverride"}, []Expr{Int(900), last}}
	case 1:
		return env
	case 2:
		name := genIdent.Draw(t, "name")
		return Call{Ref{"pkgs", "linkFarm"}, []Expr{Str(name), set(Binding{
			Path: []string{"bin/" + name}, Value: Call{Ref{"lib", "getExe'"}, []Expr{env, Str("python3")}},
		})}}
	case 3:
		return Func{Arg: "pkg", Body: Call{
			Ref{"builtins", "elem"}, []Expr{Call{Ref{"lib", "getName"}, []Expr{Ref{"pkg"}}}, List{last, Str("x")}},
		}}
	}
	return Call{Ref{"lib", "mkDefault"}, []Expr{last}}
}

func genRef(t *rapid.T) Ref {
	r := Ref{genIdent.Draw(t, "var")}
	return append(r, rapid.SliceOfN(genName, 0, 3).Draw(t, "names")...)
}

func genComment(t *rapid.T) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("ab \n#'*/\r\t")), 0, 60, -1).Draw(t, "comment")
}

func drawAttrs(t *rapid.T, depth int) Expr {
	var bs []Binding
	for i := range rapid.IntRange(0, 4).Draw(t, "n") {
		key := "k" + string(rune('a'+i))
		b := Binding{Path: append([]string{key}, rapid.SliceOfN(genName, 0, 5).Draw(t, "path")...)}
		b.Value = drawExpr(t, max(depth-1, 0))
		b.Blank = rapid.IntRange(0, 5).Draw(t, "blank") == 0
		if rapid.IntRange(0, 6).Draw(t, "commented") == 0 {
			b.Comment = genComment(t)
		}
		b.Origin = genOrigin.Draw(t, "origin")
		bs = append(bs, b)
	}
	return Attrs{Body: bs}
}
