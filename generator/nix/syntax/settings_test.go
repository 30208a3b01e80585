package syntax_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/nix/syntax"
)

func TestRead(t *testing.T) {
	const src = `# A comment; with = signs {
args@{ config, lib, pkgs ? { }, ... }:
let
  x = { a = let y = 1; in y; };
in
{
  imports = [ ./a.nix ];
  inherit (x) a;
  time.timeZone = "Europe/Berlin; {";
  services = {
    nginx = {
      enable = lib.mkDefault true; # on; really
      virtualHosts."a.b" = { };
      extra = ''
        ${x.a} ''${no} '''; $${y}
      '';
    };
  };
  a = with lib; mkIf true { b = 1; };
  f = { pkgs }: { c = 2; };
  g = x // { c = 2; };
  cost = "$$${x.a + "}"}";
  "quoted \" ${x.a}".b = [ 1 "}" (a: a) ];
}
`
	got, err := syntax.Settings(src, false)
	if err != nil {
		t.Fatal(err)
	}
	want := []syntax.Setting{
		{Option: "imports", Value: "[ ./a.nix ]", Line: 7},
		{Option: "time.timeZone", Value: `"Europe/Berlin; {"`, Line: 9},
		{Option: "services.nginx.enable", Value: "lib.mkDefault true", Line: 12},
		{Option: `services.nginx.virtualHosts."a.b"`, Value: "{ }", Line: 13},
		{Option: "services.nginx.extra", Value: "'' ${x.a} ''${no} '''; $${y} ''", Line: 14},
		{Option: "a", Value: "with lib; mkIf true { b = 1; }", Line: 19},
		{Option: "f", Value: "{ pkgs }: { c = 2; }", Line: 20},
		{Option: "g", Value: "x // { c = 2; }", Line: 21},
		{Option: "cost", Value: `"$$${x.a + "}"}"`, Line: 22},
		{Option: `"quoted \" ${x.a}".b`, Value: `[ 1 "}" (a: a) ]`, Line: 23},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReadDeep(t *testing.T) {
	const src = "{ lib, ... }: with lib; { a = mkDefault { b = 1; }; f = { pkgs }: { c = 2; }; g = x // { c = 2; }; }"
	for _, tt := range []struct {
		deep bool
		want string
	}{
		{false, "a = mkDefault { b = 1; }|f = { pkgs }: { c = 2; }|g = x // { c = 2; }"},
		{true, "a.b = 1|f = { pkgs }: { c = 2; }|g.c = 2"},
	} {
		list, err := syntax.Settings(src, tt.deep)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range list {
			got = append(got, s.Option+" = "+s.Value)
		}
		if d := cmp.Diff(tt.want, strings.Join(got, "|")); d != "" {
			t.Error(d)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, src := range []string{"", "{", "{ a.\"x\" b = 1; }", "{ a = ; }", "{ a.[ ] = 1; }", "{ a = 1 }", "{ a = \"x; }", "{ a = ''x; }", "{ = 1; }", "{ a b; }", "[ ]", "let in", "{ a = ${", "\x00"} {
		if got, err := syntax.Settings(src, false); err == nil {
			t.Errorf("Read(%q) = %v, want an error", src, got)
		}
	}
}

func TestDiff(t *testing.T) {
	got, err := syntax.Diff([]byte(`{ a.b = 1; a.c = 2; imports = [ ]; }`), []byte("{ lib, ... }:\n{\n  a = {\n    c = 3;\n    d = [\n      1\n    ];\n  };\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []syntax.Change{{Option: "a.b", Before: "1"}, {Option: "a.c", Before: "2", After: "3"}, {Option: "a.d", After: "[ 1 ]"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got, err := syntax.Diff(nil, []byte("{ a = 1; }")); err != nil || len(got) != 1 {
		t.Errorf("a new file: %v, %v", got, err)
	}
}

// Every module that ships with the program and every one of the goldens can be read.
func TestReadsWhatTheProgramWrites(t *testing.T) {
	read := 0
	for _, root := range []string{"../../../golden", "../../../modules"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".nix" || d.Name() == "flake.nix" {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if _, err := syntax.Settings(string(src), false); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			read++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 100 {
		t.Errorf("%d files read", read)
	}
}

// What the printer prints is read back with the same options.
func TestReadsAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab ;{}[]()\"'$\\#/*\n="))).Draw(t, "text")
		name := rapid.StringOf(rapid.RuneFrom([]rune("ab.\"$-{}"))).Draw(t, "name")
		printed, err := nix.File{Body: nix.Attrs{Body: []nix.Binding{
			{Path: []string{"x", name}, Value: nix.Text(text)}, {Path: []string{"y"}, Value: nix.Int(1)},
		}}}.Print()
		if err != nil {
			t.Fatal(err)
		}
		got, err := syntax.Settings(string(printed.Source), false)
		if err != nil {
			t.Fatalf("%v\n%s", err, printed.Source)
		}
		if len(got) != 2 || !strings.HasPrefix(got[0].Option, "x.") || got[1].Option != "y" || got[1].Value != "1" {
			t.Fatalf("%+v\n%s", got, printed.Source)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("{ a = 1; }"))
	f.Fuzz(func(t *testing.T, src []byte) {
		list, err := syntax.Settings(string(src), false)
		if err == nil && len(list) > len(src) {
			t.Errorf("%d settings in %d bytes", len(list), len(src))
		}
	})
}
