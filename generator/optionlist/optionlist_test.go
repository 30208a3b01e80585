package optionlist

import (
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

const list = `{"release": "test", "options": {
	"services.openssh.enable": {"type": "boolean"},
	"services.openssh.ports": {"type": "list of 16 bit unsigned integer"},
	"services.openssh.settings": {"type": "open submodule of attribute set of (boolean or string)"},
	"services.openssh.settings.X11Forwarding": {"type": "null or boolean"},
	"services.nginx.virtualHosts": {"type": "attribute set of (submodule)"},
	"services.nginx.virtualHosts.<name>.root": {"type": "null or absolute path"},
	"services.redis.port": {"type": "16 bit unsigned integer; between 0 and 65535 (both inclusive)"},
	"services.x.package": {"type": "package"},
	"networking.hostName": {"type": "string matching the pattern"},
	"environment.variables": {"type": "attribute set of string"}
}}`

func TestCheck(t *testing.T) {
	l, err := Read(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path  string
		value nix.Expr
		want  string // part of the message, "" for none
	}{
		{"services.openssh.enable", nix.Bool(true), ""},
		{"services.openssh.enable", nix.Str("yes"), "must be: boolean"},
		{"services.openssh.enabel", nix.Bool(true), "did you mean services.openssh.enable"},
		{"services.opensshd.enable", nix.Bool(true), "did you mean services.openssh"},
		{"services.openssh", nix.Bool(true), "only options below it: enable, ports, settings"},
		{"services.openssh", nix.Attrs{}, ""},
		{"services.openssh.ports", nix.Int(22), "must be: list of"},
		{"services.openssh.ports", nix.List{nix.Int(22)}, ""},
		{"services.openssh.settings.X11Forwarding", nix.Null{}, ""},
		{"services.openssh.settings.X11Forwarding", nix.Str("no"), "must be: null or boolean"},
		{"services.openssh.settings.MaxAuthTries", nix.Int(3), ""},
		{"services.nginx.virtualHosts.a.root", nix.Str("/srv"), ""},
		{"services.nginx.virtualHosts.a.root", nix.Int(1), "must be: null or absolute path"},
		{"services.redis.port", nix.Int(70000), "must be: 16 bit"},
		{"services.redis.port", nix.Int(6379), ""},
		{"services.redis.port.deeper", nix.Int(1), "has no deeper in it"},
		{"services.x.package", nix.Str("hello"), "must be: package"},
		{"services.x.package", nix.Ref{"pkgs", "hello"}, ""},
		{"environment.variables.ANY", nix.Str("x"), ""},
		{"nothing", nix.Int(1), "there is no option nothing"},
	} {
		err := l.Check(strings.Split(tt.path, "."), tt.value)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.path, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.path, err, tt.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", `{"options": 1}`, `{"a": 1}`} {
		if _, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
