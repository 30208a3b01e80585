package nix

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func set(bs ...Binding) Attrs { return Attrs{Body: bs} }

func bind(path string, value Expr) Binding {
	parts, err := ParseAttrPath(path)
	if err != nil {
		panic(err)
	}
	return Binding{Path: parts, Value: value}
}

func TestModuleTakesWhatItUses(t *testing.T) {
	for _, tt := range []struct {
		name string
		body Expr
		want string
	}{
		{"nothing", set(bind("a", Int(1))), "_: {\n  a = 1;\n}\n"},
		{"imports only", set(bind("imports", List{Path("./a.nix")})), "{ ... }:\n{\n  imports = [ ./a.nix ];\n}\n"},
		{"order", set(bind("a", List{Ref{"pkgs", "x"}, Ref{"modulesPath"}, Ref{"lib", "y"}, Ref{"config", "z"}, Ref{"inputs"}})),
			"{\n  config,\n  lib,\n  pkgs,\n  inputs,\n  modulesPath,\n  ...\n}:\n{\n  a = [\n    pkgs.x\n    modulesPath\n    lib.y\n    config.z\n    inputs\n  ];\n}\n"},
		{"built-ins", set(bind("a", Call{Ref{"builtins", "map"}, []Expr{Ref{"builtins", "x"}}})),
			"_: {\n  a = builtins.map builtins.x;\n}\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Print(Module(tt.body))
			if err != nil || string(got) != tt.want {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, tt.want)
			}
		})
	}
}

func TestFreeVariables(t *testing.T) {
	for _, tt := range []struct {
		name string
		e    Expr
		want []string
	}{
		{"argument", Func{Arg: "x", Body: List{Ref{"x"}, Ref{"y"}}}, []string{"y"}},
		{"argument is gone after the function", List{Func{Arg: "x", Body: Ref{"x"}}, Ref{"x"}}, []string{"x"}},
		{"set", set(bind("a", Ref{"b"}), bind("b", Ref{"a"})), []string{"a", "b"}},
		{"inherit", set(bind("a", Ref{"a"}), bind("b", Ref{"c", "b"})), []string{"a", "c"}},
		{"antiquotations", Interp{Str("a"), Ref{"b"}}, []string{"b"}},
		{"module", Func{Params: []string{"a"}, Body: List{Ref{"a"}, Ref{"b"}}}, []string{"b"}},
		{"operators", List{Not{Ref{"a"}}, Op{"+", Ref{"b"}, Ref{"c"}}, Item{Value: Ref{"d"}}}, []string{"a", "b", "c", "d"}},
	} {
		if got := FreeVariables(tt.e); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Every argument of a module is used (deadnix) and none is missing.
func TestModuleArgumentsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Module(drawAttrs(t, 4))
		if free := FreeVariables(m); len(free) > 0 {
			t.Fatalf("%q are missing", free)
		}
		for i, p := range m.Params {
			less := m
			less.Params = slices.Delete(slices.Clone(m.Params), i, i+1)
			if free := FreeVariables(less); !slices.Equal(free, []string{p}) {
				t.Fatalf("%s is not used: without it %q are missing", p, free)
			}
		}
	})
}
