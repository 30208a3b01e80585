package nixtest

import (
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestEval(t *testing.T) {
	Each(t, func(t *testing.T, env *Env) {
		if got := string(env.Eval(t, `{ a = 1 + 1; b = [ "x" ]; }`)); strings.TrimSpace(got) != `{"a":2,"b":["x"]}` {
			t.Errorf("got %s", got)
		}
		if _, err := env.TryEval(t.Context(), `throw "ouch"`); err == nil || !strings.Contains(err.Error(), "ouch") {
			t.Errorf("got %v, want an error with ouch", err)
		}
	})
}

func TestShort(t *testing.T) {
	const hash = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-"
	text := "ExecStart=" + hash + "nginx-1.26.0/bin/nginx -c '" + hash + "nginx.conf' " + hash + "unit-script-a-start/bin/a"
	want := "ExecStart=<nginx>/bin/nginx -c '<nginx.conf>' <unit-script-a-start>/bin/a"
	if got := (&Env{root: "/none"}).Short(text); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
