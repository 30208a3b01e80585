package index

import (
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

func TestCheck(t *testing.T) {
	l := Open("25.11").List(Option)
	for _, tt := range []struct {
		path  []string
		value nix.Expr
		want  string // part of the message, "" for none
	}{
		{split("services.openssh.enable"), nix.Bool(true), ""},
		{split("services.openssh.enable"), nix.Str("yes"), "services.openssh.enable; its type is boolean, and the value is a string; write true"},
		{split("services.openssh.enabel"), nix.Bool(true), `unknown option services.openssh.enabel; did you mean "services.openssh.enable"?`},
		{split("services.opensshd.enable"), nix.Bool(true), `did you mean "services.openssh.enable"?`},
		{split("services.firefox.enable"), nix.Bool(true), `did you mean "programs.firefox.enable"?`},
		{split("services.openssh"), nix.Bool(true), "services.openssh is not an option itself; options begin with it; below it are "},
		{split("services.openssh"), nix.Attrs{}, ""},
		{split("services.openssh.ports"), nix.Int(22), "its type is list of 16 bit"},
		{split("services.openssh.ports"), nix.List{nix.Int(22)}, ""},
		{split("services.openssh.settings.X11Forwarding"), nix.Null{}, ""},
		{split("services.openssh.settings.X11Forwarding"), nix.Str("no"), "its type is null or boolean"},
		{split("services.openssh.settings.MaxAuthTries"), nix.Int(3), ""},
		{split("services.nginx.virtualHosts.a.root"), nix.Str("/srv"), ""},
		{[]string{"services", "nginx", "virtualHosts", "a.b", "root"}, nix.Str("/srv"), ""},
		{split("services.nginx.virtualHosts.a.rooot"), nix.Str("/srv"), `unknown option services.nginx.virtualHosts.a.rooot; did you mean "services.nginx.virtualHosts.a.root"?`},
		{split("services.nginx.virtualHosts.a.root"), nix.Int(1), "its type is null or absolute path"},
		{split("services.nginx.virtualHosts.a.locations./.proxyPass"), nix.Str("http://x"), ""},
		{split("services.prometheus.port"), nix.Int(70000), "its type is 16 bit"},
		{split("services.prometheus.port"), nix.Int(9090), ""},
		{split("services.prometheus.port.deeper"), nix.Int(1), "services.prometheus.port is an option itself"},
		{split("programs.git.package"), nix.Str("git"), "its type is package, and the value is a string; write {$package: git}"},
		{split("programs.git.package"), nix.Ref{"pkgs", "git"}, ""},
		{split("environment.variables.ANY"), nix.Str("x"), ""},
		{split("boot.kernel.sysctl"), nix.Attrs{}, ""},
		{[]string{"boot", "kernel", "sysctl", "net.ipv4.ip_forward"}, nix.Int(1), ""},
		{split("nixpkgs.config.permittedInsecurePackages"), nix.List{}, ""},
		{split("systemd.services.x.serviceConfig.Nice"), nix.Int(1), ""},
		{split("systemd.services.x.script"), nix.Str(""), ""},
		{split("systemd.services.x.scrpt"), nix.Str(""), `did you mean "systemd.services.x.script"?`},
		{split("fileSystems./srv.device"), nix.Str("/dev/sda"), ""},
		{split("services.pipewire.alsa.enabled"), nix.Bool(true), `did you mean "services.pipewire.alsa.enable"?`},
		{split("boot.cleanTmpDir"), nix.Bool(true), ""}, // an old name
		{split("networking.firewall.allowedTCPPorts"), nix.Str("80"), "its type is list of"},
		{split("nothing"), nix.Int(1), "unknown option nothing"},
	} {
		got := ""
		if f := l.Check(tt.path, tt.value); f != nil {
			got = strings.Join([]string{f.What, f.Why, f.Hint}, "; ")
			got = strings.ReplaceAll(got, "; ;", ";")
		}
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", strings.Join(tt.path, "."), got, tt.want)
		}
	}
}

func TestCheckPackage(t *testing.T) {
	x := Open("26.05")
	for name, want := range map[string]string{
		"ripgrep": "", "kdePackages.kate": "", "kdePackages.kat": "", "python3Packages.numpy": "", "nerd-fonts.hack": "",
		"postgresql_99": "", "linuxPackages_9_99.perf": "", // as others, with a newer version
		"firefoxx": `did you mean "firefox"?`, "rigprep": `did you mean "ripgrep"?`, "nodeJS": `did you mean "nodejs"?`,
		"google_chrome": `did you mean "google-chrome"?`, "xqzwvkjh": "unknown package", "python-pandas": `did you mean "python3Packages.pandas"?`,
	} {
		got := ""
		if f := x.List(Package).CheckPackage(name); f != nil {
			got = f.What + "; " + f.Hint
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	exact := x.WithPackages(Packages([]string{"ripgrep", "postgresql_17", "kdePackages"})).List(Package)
	for name, known := range map[string]bool{
		"ripgrep": true, "kdePackages.x": true, "postgresql_17": true, "postgresql_18": false, "bat": false,
	} {
		if f := exact.CheckPackage(name); (f == nil) != known {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if !exact.Exact() || x.List(Package).Exact() {
		t.Error("exact is what Nix evaluated")
	}
}
