package nix

import "testing"

func TestPrint(t *testing.T) {
	for _, tt := range []struct {
		name string
		expr Expr
		want string
	}{
		{"module", Module(Attrs{Body: []Binding{
			{Path: []string{"networking", "hostName"}, Value: Str("atlas")},
			{Path: []string{"a", "b"}, Value: Call{Ref{"lib", "mkDefault"}, []Expr{Bool(true)}}, Comment: "why", Blank: true},
			{Path: []string{"environment", "systemPackages"}, Value: List{Ref{"pkgs", "git"}, Ref{"pkgs", "ripgrep"}}},
			{Path: []string{"x"}, Value: Attrs{}},
			{Path: []string{"y"}, Value: List{Int(-1)}},
			{Path: []string{"z"}, Value: Text("a\n  b\n\nc\n")},
		}}), `{ lib, pkgs, ... }:
{
  networking.hostName = "atlas";

  # why
  a.b = lib.mkDefault true;
  environment.systemPackages = [
    pkgs.git
    pkgs.ripgrep
  ];
  x = { };
  y = [ (-1) ];
  z = ''
    a
      b

    c
  '';
}
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Print(tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}
