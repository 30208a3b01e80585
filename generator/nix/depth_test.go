package nix

import (
	"strings"
	"testing"
	"time"
)

// Layout tries several forms of a call; nested, that must not multiply.
func TestDeepNestingStaysFast(t *testing.T) {
	wide := Str(strings.Repeat("x", 60))
	for name, wrap := range map[string]func(Expr) Expr{
		"last argument": func(e Expr) Expr { return Call{Ref{"lib", "mkIf"}, []Expr{Ref{"cond"}, e}} },
		"list":          func(e Expr) Expr { return List{e} },
		"list of two":   func(e Expr) Expr { return List{e, wide} },
		"set":           func(e Expr) Expr { return set(bind("a.b.c", e)) },
		"quoted names":  func(e Expr) Expr { return set(bind(`a."b c"`, e)) },
	} {
		t.Run(name, func(t *testing.T) {
			e := Expr(Ref{"leaf"})
			for range 60 {
				e = wrap(e)
			}
			start := time.Now()
			if _, err := Print(e); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}
