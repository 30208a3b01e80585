package nixtest

import "testing"

// What an older nixpkgs lacks is told from a fault by Nix's message, once each.
func TestYounger(t *testing.T) {
	for message, want := range map[string]string{
		"error: The option `services.postgresql.extensions' does not exist. Definition values:": "services.postgresql.extensions: option not there yet",
		"error: The option `containers.\"a.b\".devices' does not exist.":                        `containers."a.b".devices: option not there yet`,
		"error: forgejo-lts cannot be found in pkgs":                                            "forgejo-lts: package not there yet",
		"error: attribute 'ollama-vulkan' missing\n  17|  package = pkgs.ollama-vulkan;":        "ollama-vulkan: package not there yet",
		"error: attribute 'hack' missing\n  29| fonts = [ pkgs.nerd-fonts.hack ];":              "nerd-fonts.hack: package not there yet",
		"error: attribute 'glances' missing\n  32| mkIf services.glances.enable {":              "services.glances: option not there yet",
		"error: attribute 'web-ui' missing\n  at /n/nixos/modules/q.nix:9:1:\n 9| pkgs.web-ui":  "web-ui: package not there yet",
		"error: attribute 'web-ui' missing\n  at /flake/modules/q.nix:9:1:\n 9| pkgs.web-ui":    "",
		"error: attribute 'no-such-package' missing\n  17| pkgs.no-such-package":                "",
		"error: attribute 'lib' missing\n  43| iniFormat.lib.types.atom;":                       "",
		"error: The option `services.postgresql.package' is defined multiple times":             "",
		"Failed assertions:\n- the sky is down":                                                 "",
	} {
		n := &Nixpkgs{nixos: "/n"}
		age, ok := n.younger(message)
		if got := map[bool]string{true: age.String()}[ok]; got != want {
			t.Errorf("%s\ngot %q, want %q", message, got, want)
		}
		if _, again := n.younger(message); again {
			t.Errorf("%s\nis not there yet twice", message)
		}
	}
}

func TestShort(t *testing.T) {
	const hash = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-"
	text := "ExecStart=" + hash + "nginx-1.26.0/bin/nginx -c '" + hash + "nginx.conf' " + hash + "unit-script-a-start/bin/a"
	want := "ExecStart=<nginx>/bin/nginx -c '<nginx.conf>' <unit-script-a-start>/bin/a"
	if got := short(text); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
