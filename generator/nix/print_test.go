package nix

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sebdah/goldie/v2"
)

func ref(path string) Ref {
	parts, err := ParseAttrPath(path)
	if err != nil {
		panic(err)
	}
	return parts
}

func call(fn string, args ...Expr) Call { return Call{ref(fn), args} }

func mkDefault(e Expr) Expr { return call("lib.mkDefault", e) }

func commented(comment string, b Binding) Binding {
	b.Comment = comment
	return b
}

func blank(b Binding) Binding {
	b.Blank = true
	return b
}

// The files of testdata pass nixfmt 1.4.0, see TestNixfmtChangesNothingOfTestdata.
func TestPrint(t *testing.T) {
	golden := goldie.New(t, goldie.WithNameSuffix(".nix"))
	for name, f := range map[string]File{
		"host": {Header: "Written by quick-deploy from quick-deploy.yaml.\n\nEdit the profile, or local.nix beside this file.", Body: Module(set(
			bind("imports", List{Path("./hardware-configuration.nix"), Item{Value: Path("../../modules/postgresql.nix"), Comment: "services"}, Path("./local.nix")}),
			blank(bind("networking", set(bind("hostName", Str("atlas")), bind("firewall.allowedTCPPorts", List{Int(80), Int(443)})))),
			blank(commented("Stays as it was at the first installation.", bind("system.stateVersion", Str("26.05")))),
			blank(bind("users.users.ada", set(
				bind("isNormalUser", Bool(true)),
				bind("shell", ref("pkgs.zsh")),
				bind("extraGroups", List{Str("wheel")}),
				bind("openssh.authorizedKeys.keys", List{Str("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExampl ada@laptop, a long one")}),
			))),
			bind("environment.systemPackages", List{ref("pkgs.git"), ref("pkgs.ripgrep"), ref(`pkgs."7zz"`)}),
			bind("services", set(
				bind("postgresql", set(bind("enable", mkDefault(Bool(true))), bind("ensureDatabases", List{Str("aidb")}), bind("package", ref("pkgs.postgresql_17")))),
				bind(`nginx.virtualHosts."www.example.org".locations."/"`, set(bind("proxyPass", Str("http://127.0.0.1:3000")), bind("extraConfig", Text("proxy_set_header Host $host;\nproxy_buffering off;\n")))),
				bind("grafana.settings.server.domain", call("lib.mkIf", ref("config.services.nginx.enable"), Str("www.example.org"))),
				bind("empty", Attrs{}),
				bind("none", List{}),
			)),
		))},
		"flake": {Header: "The flake of this fleet.", Body: set(
			bind("description", Str("atlas and others")),
			blank(bind("inputs", set(
				bind("nixpkgs.url", Str("github:NixOS/nixpkgs/nixos-26.05")),
				bind("home-manager", set(bind("url", Str("github:nix-community/home-manager/release-26.05")), bind("inputs.nixpkgs.follows", Str("nixpkgs")))),
			))),
		)},
		"calls": {Body: set(
			bind("short", call("f", Int(1), Int(-1), Str("a"))),
			bind("lastSet", call("lib.mkIf", ref("cond"), set(bind("a", Int(1)), bind("b", Int(2))))),
			bind("lastFunction", call("map", Func{Arg: "x", Body: set(bind("a", ref("x")), bind("b", ref("x")))}, ref("xs"))),
			bind("absorbedFunction", call("lib.genAttrs", ref("systems"), Func{Arg: "system", Body: set(bind("a", ref("system")))})),
			bind("merge", call("lib.mkMerge", List{set(bind("a", Int(1))), call("lib.mkIf", ref("cond"), set(bind("b", Int(2))))})),
		)},
		"operators": {Body: set(
			bind("path", Op{"+", ref("self"), Str("/x")}),
			bind("numbers", List{Int(-1), Int(-1 << 63), Float(-0.5)}),
			bind("not", call("lib.mkOverride", Int(900), Not{ref("config.x")})),
		)},
		"bodies": {Body: List{
			Func{Arg: "x", Body: Op{"+", ref("x"), ref("y")}},
			Func{Arg: "x", Body: set(bind("a", ref("x")), bind("b", ref("x")))},
			Func{Arg: "ps", Body: List{ref("ps.a"), ref("ps.b")}},
		}},
		"strings": {Body: List{
			Str("Bob ${builtins.readFile /etc/hostname}"),
			Text("one\n  two\n\n''three'' ${four}\n"),
			Interp{Str("/home/"), ref("config.x"), Str("/${y}$"), ref("z")},
			Interp{ref("pkgs.git"), Str(" status")},
			Interp{ref(`config.sops.secrets."the password of the database".path`)},
			set(bind("script", Text("set -eu\nexec x\n")), bind(`"a b"."c.d"`, Str("\r\n\t\x1b")), bind("a.b.c.d.e", Text("x\ny"))),
			Item{Value: ref("pkgs.x"), Comment: "Why it is here,\nin two lines."},
			call("f", Text("a\nb\n")),
			call("pkgs.writeText", Str("name"), Text("a\nb\n")),
			List{Item{Comment: "Nothing but this."}},
			List{ref("a"), Item{Comment: "Between."}, ref("b"), Item{Comment: "At the end,\n  deeper."}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := f.Print()
			if err != nil {
				t.Fatal(err)
			}
			golden.Assert(t, name, p.Source)
		})
	}
}

// Printers are reused; what one printed must not reach another.
func TestPrintInParallel(t *testing.T) {
	want, err := typical(3).Print()
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for range 50 {
				if _, err := Print(Str("\x00")); err == nil {
					t.Fatal("a NUL was printed")
				}
				got, err := typical(3).Print()
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Fatalf("%v\n-want +got:\n%s", err, diff)
				}
			}
		})
	}
}
