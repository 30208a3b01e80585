package nix

import (
	"fmt"
	"testing"
)

// typical is a host's configuration as the generator writes them: option
// assignments, package lists, nested service settings, some conditions.
func typical(size int) File {
	var bs []Binding
	for i := range size {
		name := fmt.Sprintf("service%d", i)
		bs = append(bs,
			Binding{Path: []string{"services", name, "enable"}, Value: Call{Ref{"lib", "mkDefault"}, []Expr{Bool(true)}}, Origin: "host.yaml#/services"},
			Binding{Path: []string{"services", name, "settings"}, Value: Attrs{Body: []Binding{
				{Path: []string{"port"}, Value: Int(8000 + i)},
				{Path: []string{"listen"}, Value: Str("127.0.0.1")},
				{Path: []string{"data dir"}, Value: Str("/var/lib/" + name)},
				{Path: []string{"workers"}, Value: Ref{"config", "nix", "settings", "max-jobs"}},
			}}, Origin: "host.yaml#/services"},
			Binding{Path: []string{"environment", "etc", name + ".conf", "text"}, Value: Text("[main]\nuser = ada\nlog = ${journal}\n\n[cache]\nsize = 10\n")},
			Binding{Path: []string{"users", "users", name, "extraGroups"}, Value: List{Str("wheel"), Str("networkmanager"), Str("video")}},
			Binding{Path: []string{"systemd", "services", name, "script"}, Value: Interp{Ref{"pkgs", "coreutils"}, Str("/bin/true "), Str(name)}, Comment: "Runs once after boot."},
			Binding{Path: []string{"home", name, "packages"}, Value: List{Ref{"pkgs", "git"}, Ref{"pkgs", "ripgrep"}, Ref{"pkgs", "duckdb"}, Ref{"pkgs", "jq"}}},
		)
	}
	set, err := Nest(bs)
	if err != nil {
		panic(err)
	}
	return File{Header: "Written by quick-deploy.", Body: Module(set)}
}

func BenchmarkPrint(b *testing.B) {
	for _, size := range []int{5, 500} {
		f := typical(size)
		p, err := f.Print()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%dkB", (len(p.Source)+999)/1000), func(b *testing.B) {
			b.SetBytes(int64(len(p.Source)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Print(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNest(b *testing.B) {
	var bs []Binding
	for i := range 1000 {
		bs = append(bs, Binding{Path: []string{"services", fmt.Sprintf("s%d", i/4), fmt.Sprintf("o%d", i)}, Value: Int(i)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Nest(bs); err != nil {
			b.Fatal(err)
		}
	}
}
