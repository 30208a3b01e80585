package nix

import (
	"strings"
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
	long := func(n int) Expr { return Str(strings.Repeat("x", n)) }
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
			blank(bind("outputs", Func{As: "inputs", Params: []string{"self", "nixpkgs", "home-manager"}, Open: true, Body: Let{
				[]Binding{
					{Inherit: []string{"lib"}, From: ref("nixpkgs")},
					bind("systems", List{Str("x86_64-linux"), Str("aarch64-linux")}),
					bind("eachSystem", Func{Arg: "f", Body: call("lib.genAttrs", ref("systems"), Func{Arg: "system", Body: call("f", ref("nixpkgs.legacyPackages").dynamic(ref("system")))})}),
				},
				set(
					bind("nixosConfigurations.atlas", call("nixpkgs.lib.nixosSystem", set(
						bind("system", Str("x86_64-linux")),
						bind("specialArgs", set(Binding{Inherit: []string{"inputs"}})),
						bind("modules", List{Path("./hosts/atlas/configuration.nix")}),
					))),
					bind(`homeConfigurations."ada@atlas"`, call("home-manager.lib.homeManagerConfiguration", set(
						bind("pkgs", ref("nixpkgs.legacyPackages.x86_64-linux")),
						bind("modules", List{Path("./hosts/atlas/home.nix")}),
					))),
					blank(bind("formatter", call("eachSystem", Func{Arg: "pkgs", Body: ref("pkgs.nixfmt-tree")}))),
					bind("devShells", call("eachSystem", Func{Arg: "pkgs", Body: set(bind("default", call("pkgs.mkShellNoCC", set(bind("packages", List{ref("pkgs.git"), ref("pkgs.nixos-rebuild-ng")})))))})),
				),
			}})),
		)},
		"calls": {Body: set(
			bind("short", call("f", Int(1), Int(-1), Str("a"))),
			bind("long", call("builtins.replaceStrings", long(30), long(30), long(30))),
			bind("lastSet", call("lib.mkIf", ref("cond"), set(bind("a", Int(1)), bind("b", Int(2))))),
			bind("lastFunction", call("map", Func{Arg: "x", Body: set(bind("a", ref("x")), bind("b", ref("x")))}, ref("xs"))),
			bind("absorbedFunction", call("lib.genAttrs", ref("systems"), Func{Arg: "system", Body: set(bind("a", ref("system")))})),
			bind("nested", call("lib.mkIf", ref("cond"), call("lib.mkForce", List{Str("a"), Str("b")}))),
			bind("merge", call("lib.mkMerge", List{set(bind("a", Int(1))), call("lib.mkIf", ref("cond"), set(bind("b", Int(2))))})),
			bind("lists", call("lib.zipListsWith", ref("f"), List{Int(1), Int(2)}, List{Str("a"), Str("b")})),
			bind("imported", Call{call("import", Path("./x.nix")), []Expr{set(Binding{Inherit: []string{"lib"}})}}),
			bind("selected", Select{Of: call("import", Path("./x.nix")), Attr: []Expr{Str("a"), Str("b.c")}}),
			bind("fallback", Select{Of: ref("config.x"), Attr: []Expr{Str("y")}, Or: Str("z")}),
		)},
		"operators": {Body: set(
			bind("short", Op{"++", ref("a"), Op{"++", ref("b"), ref("c")}}),
			bind("packages", Op{"++", List{ref("pkgs.a"), ref("pkgs.b")}, call("lib.optionals", ref("cond"), List{ref("pkgs.c"), ref("pkgs.d")})}),
			bind("update", Op{"//", ref("defaults"), set(bind("a", Int(1)), bind("b", Int(2)))}),
			bind("condition", Op{"&&", Op{"||", ref("a"), Not{ref("b")}}, Op{"==", ref("c"), Str("d")}}),
			bind("long", Op{"&&", Op{"==", ref("config.networking.hostName"), long(30)}, Op{"!=", ref("config.networking.domain"), long(30)}}),
			bind("path", Op{"+", ref("self"), Str("/x")}),
			bind("numbers", List{Int(-1), Int(-1 << 63), Float(-0.5), Op{"-", Int(1), Int(-1)}}),
			bind("grouped", Op{"-", Int(1), Op{"-", Int(2), Int(3)}}),
		)},
		"bodies": {Body: Let{
			[]Binding{
				bind("cfg", ref("config.services.x")),
				blank(bind("name", Str("y"))),
				bind("lib", ref("inputs.lib")),
				{Inherit: []string{"a", "b"}},
				{Inherit: []string{"a1", "a2", "a3", "a4"}, From: ref("cfg")},
			},
			List{
				If{ref("a"), Int(1), Int(2)},
				If{call("f", long(40)), set(bind("a", long(50))), If{ref("b"), Int(2), set()}},
				Func{Arg: "x", Body: Func{Arg: "y", Body: Op{"+", ref("x"), ref("y")}}},
				Func{Params: []string{"lib", "pkgs"}, Open: true, Body: set(bind("a", Int(1)), bind("b", Int(2)))},
				Func{Params: []string{"config", "lib", "pkgs"}, Open: true, Body: set(bind("a", Int(1)))},
				Func{Params: []string{"a", "b", "c"}, Body: ref("a")},
				Func{As: "args", Open: true, Body: ref("args")},
				Attrs{Rec: true, Body: []Binding{bind("a", Int(1)), bind("b", ref("a"))}},
				set(Binding{Inherit: []string{"x"}}, bind("y", ref("y")), bind("z", ref("cfg.z"))),
			},
		}},
		"strings": {Body: List{
			Str("Bob ${builtins.readFile /etc/hostname}"),
			Text("one\n  two\n\n''three'' ${four}\n"),
			Interp{Str("/home/"), ref("config.x"), Str("/${y}$"), ref("z")},
			Interp{call("lib.getExe", ref("pkgs.git")), Str(" status")},
			Interp{call("lib.concatMapStringsSep", Str(" "), Func{Arg: "x", Body: ref("x.name")}, List{ref("a"), ref("b")})},
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

// dynamic is r.${name}.
func (r Ref) dynamic(name Expr) Expr { return Select{Of: r, Attr: []Expr{name}} }
